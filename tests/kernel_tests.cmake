# SPDX-License-Identifier: GPL-2.0-or-later
# Native tests of the kernel. Included by the top CMakeLists.txt. Two libraries:
#   kernel_host     everything of kernel/ that is not the architecture or a driver, with a pretended
#                   hart, disk and screen (tests/arch_host.c, kernel_store.c, kernel_screen.c)
#   kernel_drivers  the drivers, over our own device models (tests/kernel_board.c); tests whose
#                   names begin with kernel_driver_ get this one
set(kernel_flags -Wall -Wextra -Werror -Wshadow -Wconversion -Wstrict-prototypes
  -Wmissing-prototypes -Wvla -Wundef -Wswitch-enum)

file(GLOB kernel_modules CONFIGURE_DEPENDS kernel/*.c)
# main.c boots real hardware; string.c is the host's C library.
list(FILTER kernel_modules EXCLUDE REGEX "/(main|string)\\.c$")
add_library(kernel_host STATIC ${kernel_modules} tests/native/panic.c tests/arch_host.c
  tests/host_disk.c tests/kernel_store.c tests/kernel_screen.c tests/kernel_calls.c
  tests/kernel_matrix.c tests/kernel_world.c disks/domains/parts/oracle.c tests/orders_page.c)
# A call stays a call: kernel_prepare_test knows the place of each by its return address.
target_compile_options(kernel_host PRIVATE -fno-optimize-sibling-calls)

file(GLOB kernel_driver_modules CONFIGURE_DEPENDS kernel/driver/*.c)
# sbi.c calls firmware; mmio.c touches registers.
list(FILTER kernel_driver_modules EXCLUDE REGEX "/(sbi|mmio)\\.c$")
add_library(kernel_drivers STATIC ${kernel_driver_modules} kernel/print.c
  tests/native/panic.c tests/kernel_board.c)
target_link_libraries(kernel_drivers PUBLIC devices machine)

foreach(library kernel_host kernel_drivers)
  target_include_directories(${library} PUBLIC tests/native ${CMAKE_SOURCE_DIR})
  target_compile_definitions(${library} PUBLIC _GNU_SOURCE
    LATCHKEY_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_compile_options(${library} PUBLIC ${kernel_flags})
endforeach()

file(GLOB kernel_tests CONFIGURE_DEPENDS tests/kernel_*_test.c)
foreach(source ${kernel_tests})
  get_filename_component(test_name ${source} NAME_WE)
  add_executable(${test_name} ${source})
  if(test_name MATCHES "^kernel_driver_")
    target_link_libraries(${test_name} PRIVATE kernel_drivers test_support)
  else()
    target_link_libraries(${test_name} PRIVATE kernel_host)
  endif()
  target_link_libraries(${test_name} PRIVATE PkgConfig::CRITERION ${FDT_LIBRARY})
  add_test(NAME ${test_name} COMMAND ${test_name} --jobs 1
    WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
endforeach()

# What an operation prepares, as kernel_prepare_test makes it fail.
foreach(step object_node object_page key_node key_page pot_node pot_page segment_walk segment_touch
    pieces_touch gate_prepare gate_buffer_prepare domain_load key_settle meter_enter
    space_tables depend_add)
  list(APPEND prepare_steps -Wl,--wrap=${step})
endforeach()
target_link_options(kernel_prepare_test PRIVATE ${prepare_steps})

# orders_page kernel/orders.md prints what that is to hold.
add_executable(orders_page tests/orders_page_main.c)
target_link_libraries(orders_page PRIVATE kernel_host)
