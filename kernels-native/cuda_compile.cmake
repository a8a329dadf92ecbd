# Compiles one .cu for every architecture and refuses a kernel that spills registers to memory: it would be slow for a
# reason that no test sees.
set(flags "")
foreach(architecture IN LISTS ARCHITECTURES)
  list(APPEND flags -gencode ${architecture})
endforeach()
execute_process(
  COMMAND ${NVCC} -fatbin -O3 -std=c++17 -I${INCLUDE}/src -I${INCLUDE}/include -Xptxas -v -Werror all-warnings ${flags}
          ${SOURCE} -o ${FATBIN}
  RESULT_VARIABLE result
  OUTPUT_VARIABLE log
  ERROR_VARIABLE log)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "nvcc failed on ${SOURCE}:\n${log}")
endif()
file(WRITE ${FATBIN}.ptxas.txt "${log}")
string(REGEX MATCHALL "Compiling entry function '[^']+' for '[^']+'\n[^\n]+\n[^\n]+bytes spill loads" kernels "${log}")
set(spilling "")
foreach(kernel IN LISTS kernels)
  if(NOT kernel MATCHES " 0 bytes spill stores, 0 bytes spill loads")
    string(REGEX REPLACE "Compiling entry function '([^']+)' for '([^']+)'.*, ([0-9]+ bytes spill stores).*" "\\1 for \\2: \\3"
                         kernel "${kernel}")
    list(APPEND spilling ${kernel})
  endif()
endforeach()
list(LENGTH kernels count)
if(count EQUAL 0)
  file(REMOVE ${FATBIN})
  message(FATAL_ERROR "ptxas reports no kernel of ${SOURCE}:\n${log}")
endif()
if(spilling)
  file(REMOVE ${FATBIN})
  list(JOIN spilling "\n  " spilling)
  message(FATAL_ERROR "Kernels of ${SOURCE} spill registers:\n  ${spilling}")
endif()
