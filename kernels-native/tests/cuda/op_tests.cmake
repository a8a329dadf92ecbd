# The tests of ops over the CUDA library: the same sources as the CPU's, in front of which proxy.h copies operands to the
# device and back. Run as they are, they take the driver of a GPU; ctest runs them over the fake driver. vecmath and pool
# tests are the CPU's alone.
#
# gatun_add_cuda_op_tests(folder of the fake libcuda.so.1)
function(gatun_add_cuda_op_tests driver_folder)
  set(tests ${PROJECT_SOURCE_DIR}/tests)
  set(proxy ${CMAKE_CURRENT_SOURCE_DIR}/proxy.h)
  add_library(gatun_cuda_test_harness STATIC ${tests}/harness.c harness_cuda.c proxy.c)
  target_include_directories(gatun_cuda_test_harness PUBLIC ${tests} ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(gatun_cuda_test_harness PUBLIC gatun_cuda Threads::Threads m)

  foreach(name activate argmax attention attention_operands attention_window context disentangled embed invariance linear
               linear_operands norm pool_sequences rope)
    add_executable(cuda_${name}_test ${tests}/${name}_test.c)
    target_compile_options(cuda_${name}_test PRIVATE -include ${proxy})
    target_link_libraries(cuda_${name}_test PRIVATE gatun_cuda_test_harness)
    add_test(NAME cuda_${name}_test COMMAND cuda_${name}_test)
    set_tests_properties(cuda_${name}_test PROPERTIES TIMEOUT 240 ENVIRONMENT
      "LD_LIBRARY_PATH=${driver_folder};FAKE_CUDA=order=rotate")
  endforeach()
  foreach(name graph faults)
    add_executable(cuda_${name}_test cuda_${name}_test.c)
    target_link_libraries(cuda_${name}_test PRIVATE gatun_cuda_test_harness ${CMAKE_DL_LIBS})
    add_test(NAME cuda_${name}_test COMMAND cuda_${name}_test)
    set_tests_properties(cuda_${name}_test PROPERTIES TIMEOUT 240 ENVIRONMENT "LD_LIBRARY_PATH=${driver_folder}")
  endforeach()
  add_test(NAME cuda_bench_quick COMMAND cuda_bench --quick)
  set_tests_properties(cuda_bench_quick PROPERTIES TIMEOUT 240 ENVIRONMENT "LD_LIBRARY_PATH=${driver_folder}")
  add_test(NAME cuda_no_driver_test COMMAND cuda_faults_test no-driver)
  add_executable(cuda_bf16_linear_test cuda_bf16_linear_test.c)
  target_compile_options(cuda_bf16_linear_test PRIVATE -include ${proxy})
  target_link_libraries(cuda_bf16_linear_test PRIVATE gatun_cuda_test_harness)
  target_sources(cuda_attention_test PRIVATE ${tests}/attention_scene.c)
  target_sources(cuda_attention_operands_test PRIVATE ${tests}/attention_scene.c)
  target_sources(cuda_attention_window_test PRIVATE ${tests}/attention_scene.c)
  target_sources(cuda_disentangled_test PRIVATE ${tests}/disentangled_scene.c)

  # Linear layers take other kernels on a small device, and with cuBLASLt. Only bf16_linear_test heeds "exact".
  add_test(NAME cuda_bf16_linear_test COMMAND cuda_bf16_linear_test exact)
  set_tests_properties(cuda_bf16_linear_test PROPERTIES TIMEOUT 240 ENVIRONMENT
    "LD_LIBRARY_PATH=${driver_folder};FAKE_CUDA=order=rotate")
  foreach(name linear linear_operands bf16_linear)
    add_test(NAME cuda_${name}_tiles_test COMMAND cuda_${name}_test exact)
    set_tests_properties(cuda_${name}_tiles_test PROPERTIES TIMEOUT 240 ENVIRONMENT
      "LD_LIBRARY_PATH=${driver_folder};FAKE_CUDA=processors=1")
    add_test(NAME cuda_${name}_cublaslt_test COMMAND cuda_${name}_test exact)
    set_tests_properties(cuda_${name}_cublaslt_test PROPERTIES TIMEOUT 240 ENVIRONMENT
      "LD_LIBRARY_PATH=${driver_folder}:$<TARGET_FILE_DIR:fake_cublaslt>;FAKE_CUDA=order=rotate")
  endforeach()
endfunction()

# The same tests, a few cases of each: a race is one in all of them.
#
# gatun_add_cuda_races_tests(folder of the fake libcuda.so.1 that looks for races)
function(gatun_add_cuda_races_tests driver_folder)
  foreach(name argmax attention attention_operands attention_window bf16_linear disentangled embed linear norm
               pool_sequences rope)
    add_test(NAME cuda_${name}_races_test COMMAND cuda_${name}_test)
    set_tests_properties(cuda_${name}_races_test PROPERTIES TIMEOUT 240 ENVIRONMENT
      "LD_LIBRARY_PATH=${driver_folder};GT_TEST_EVERY=60;FAKE_CUDA=processors=2")
  endforeach()
endfunction()
