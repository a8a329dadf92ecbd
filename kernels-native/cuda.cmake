# libgatun_cuda: gatun.h on an NVIDIA GPU. nvcc compiles the kernels; without it the library is only built for tests, with
# no device code inside, and runs over the fake driver of tests/cuda.
set(GATUN_CUDA_ARCHITECTURES "arch=compute_80,code=[sm_80,compute_80]" "arch=compute_90a,code=sm_90a"
    "arch=compute_100,code=sm_100")
set(GATUN_CUDA_OLDEST_NVCC 12.8) # the first that knows sm_100

find_program(GATUN_NVCC nvcc HINTS /usr/local/cuda/bin ENV CUDA_HOME PATH_SUFFIXES bin)
set(GATUN_CUDA_REASON "")
if(GATUN_SANITIZE)
  set(GATUN_CUDA_REASON "a sanitizer build has no device code")
elseif(NOT GATUN_NVCC)
  set(GATUN_CUDA_REASON "nvcc is not installed (CUDA toolkit ${GATUN_CUDA_OLDEST_NVCC} or later)")
else()
  execute_process(COMMAND ${GATUN_NVCC} --version OUTPUT_VARIABLE text ERROR_VARIABLE text)
  string(REGEX MATCH "release ([0-9]+)\\.([0-9]+)" release "${text}")
  set(GATUN_NVCC_MAJOR ${CMAKE_MATCH_1})
  set(GATUN_NVCC_MINOR ${CMAKE_MATCH_2})
  if(NOT release)
    set(GATUN_CUDA_REASON "${GATUN_NVCC} doesn't tell its release")
  elseif("${GATUN_NVCC_MAJOR}.${GATUN_NVCC_MINOR}" VERSION_LESS GATUN_CUDA_OLDEST_NVCC)
    set(GATUN_CUDA_REASON "${GATUN_NVCC} is of release ${GATUN_NVCC_MAJOR}.${GATUN_NVCC_MINOR}; it must be "
                          "${GATUN_CUDA_OLDEST_NVCC} or later")
  endif()
endif()

file(GLOB GATUN_CUDA_KERNELS CONFIGURE_DEPENDS src/cuda/kernels/*.cu)
file(GLOB GATUN_CUDA_HEADERS CONFIGURE_DEPENDS src/cuda/kernels/*.cuh src/cuda/*_args.h src/cuda/kernel_list.h)
set(images ${GATUN_GENERATED}/cuda_images.c)
if(GATUN_CUDA_REASON)
  list(JOIN GATUN_CUDA_REASON "" GATUN_CUDA_REASON)
  message(NOTICE "kernels-native: no libgatun_cuda for GPUs: ${GATUN_CUDA_REASON}")
  file(CONFIGURE OUTPUT ${images} @ONLY CONTENT "#include \"cuda/images.h\"
const gt_cuda_image gt_cuda_images[] = {{\"no device code\", \"\"}, {0, 0}};
const int gt_cuda_toolkit_version = 13000;
")
else()
  set(declarations "")
  set(rows "")
  set(fatbins "")
  set(assembly "")
  foreach(kernel IN LISTS GATUN_CUDA_KERNELS)
    get_filename_component(name ${kernel} NAME_WE)
    set(fatbin ${GATUN_GENERATED}/${name}.fatbin)
    add_custom_command(
      OUTPUT ${fatbin}
      COMMAND ${CMAKE_COMMAND} "-DNVCC=${GATUN_NVCC}" "-DSOURCE=${kernel}" "-DFATBIN=${fatbin}"
              "-DINCLUDE=${PROJECT_SOURCE_DIR}" "-DARCHITECTURES=${GATUN_CUDA_ARCHITECTURES}" -P
              ${PROJECT_SOURCE_DIR}/cuda_compile.cmake
      DEPENDS ${kernel} ${GATUN_CUDA_HEADERS} ${PROJECT_SOURCE_DIR}/cuda_compile.cmake
      COMMENT "nvcc ${name}.cu" VERBATIM)
    list(APPEND fatbins ${fatbin})
    string(APPEND declarations "extern const char gt_cuda_image_${name}[];\n")
    string(APPEND rows "{\"${name}\", gt_cuda_image_${name}}, ")
    string(APPEND assembly ".balign 64\n.globl gt_cuda_image_${name}\n.hidden gt_cuda_image_${name}\n"
                           "gt_cuda_image_${name}:\n.incbin \"${fatbin}\"\n")
  endforeach()
  math(EXPR version "${GATUN_NVCC_MAJOR} * 1000 + ${GATUN_NVCC_MINOR} * 10")
  file(CONFIGURE OUTPUT ${images} @ONLY CONTENT "#include \"cuda/images.h\"
${declarations}const gt_cuda_image gt_cuda_images[] = {${rows}{0, 0}};
const int gt_cuda_toolkit_version = ${version};
")
  set(assembly_file ${GATUN_GENERATED}/cuda_fatbins.S)
  file(CONFIGURE OUTPUT ${assembly_file} @ONLY CONTENT ".section .rodata\n${assembly}.section .note.GNU-stack,\"\",@progbits\n")
  enable_language(ASM)
  set_source_files_properties(${assembly_file} PROPERTIES OBJECT_DEPENDS "${fatbins}")
  list(APPEND images ${assembly_file})
endif()

file(GLOB GATUN_CUDA_SOURCES CONFIGURE_DEPENDS src/cuda/*.c)
add_library(gatun_cuda SHARED $<TARGET_OBJECTS:gatun_abi> ${GATUN_CUDA_SOURCES} ${images})
target_include_directories(gatun_cuda PRIVATE include src)
target_link_libraries(gatun_cuda PRIVATE Threads::Threads m ${CMAKE_DL_LIBS})
if(NOT GATUN_CUDA_REASON)
  gatun_install(gatun_cuda)
endif()
