/* The device code inside this library: generated when it is built (kernels.cmake). */
#ifndef GT_CUDA_IMAGES_H
#define GT_CUDA_IMAGES_H

/* One fatbin per kernels/<name>.cu, ended by NULLs. */
typedef struct gt_cuda_image {
  const char *name;
  const void *fatbin;
} gt_cuda_image;

extern const gt_cuda_image gt_cuda_images[];

/* 1000 major + 10 minor of the toolkit that compiled them. */
extern const int gt_cuda_toolkit_version;

#endif
