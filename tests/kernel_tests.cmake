# SPDX-License-Identifier: GPL-2.0-or-later
# Native tests of the kernel's modules: everything of kernel/ that is not the architecture or a
# driver, linked with a pretended hart and disk (tests/arch_host.c). Included by the top
# CMakeLists.txt.
file(GLOB kernel_modules CONFIGURE_DEPENDS kernel/*.c)
# main.c boots real hardware, string.c is the host's C library, and these two keys need their
# devices.
list(FILTER kernel_modules EXCLUDE REGEX "/(main|string|key_display|key_input)\\.c$")
add_library(kernel_host STATIC ${kernel_modules} kernel/driver/fdt.c kernel/driver/virtio.c
  tests/arch_host.c tests/kernel_store.c)
target_include_directories(kernel_host PUBLIC ${CMAKE_SOURCE_DIR})
target_compile_definitions(kernel_host PUBLIC _GNU_SOURCE)
target_compile_options(kernel_host PUBLIC -Wall -Wextra -Werror -Wshadow -Wconversion
  -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Wswitch-enum)

file(GLOB kernel_tests CONFIGURE_DEPENDS tests/kernel_*_test.c)
foreach(source ${kernel_tests})
  get_filename_component(test_name ${source} NAME_WE)
  add_executable(${test_name} ${source})
  target_link_libraries(${test_name} PRIVATE kernel_host PkgConfig::CRITERION ${FDT_LIBRARY})
  add_test(NAME ${test_name} COMMAND ${test_name} WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
endforeach()
