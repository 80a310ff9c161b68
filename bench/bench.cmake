# SPDX-License-Identifier: GPL-2.0-or-later
# The measuring program; bench/run builds what it measures and calls it. Included by the top
# CMakeLists.txt.
file(GLOB bench_sources CONFIGURE_DEPENDS bench/*.c)
list(REMOVE_ITEM bench_sources ${CMAKE_SOURCE_DIR}/bench/bench_main.c)
add_library(bench STATIC ${bench_sources})
target_link_libraries(bench PUBLIC machine disks PkgConfig::CJSON m)
add_executable(latchkey_bench bench/bench_main.c)
target_link_libraries(latchkey_bench PRIVATE bench)
foreach(test_of_bench bench_test emulator_timing_test)
  if(TARGET ${test_of_bench})
    target_link_libraries(${test_of_bench} PRIVATE bench)
  endif()
endforeach()
