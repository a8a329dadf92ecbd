/*
 * Compiled in front of the tests of ops (-include), whose operands are host memory: an op they call is one of proxy.c,
 * which copies the operands to the device, calls the op of the library and copies them back. So the same tests prove
 * the CPU's kernels and, over a driver that runs them on the CPU or on a GPU, the CUDA library's.
 */
#ifndef GT_PROXY_H
#define GT_PROXY_H

#define gt_layer_norm proxy_layer_norm
#define gt_rms_norm proxy_rms_norm
#define gt_activate proxy_activate
#define gt_embed proxy_embed
#define gt_argmax proxy_argmax
#define gt_pool_sequences proxy_pool_sequences
#define gt_rope proxy_rope
#define gt_kv_append proxy_kv_append
#define gt_linear_forward proxy_linear_forward
#define gt_attention proxy_attention
#define gt_disentangled_attention proxy_disentangled_attention

#endif
