/**
 * Compares a model directory with the reference that lies in it.
 *
 * <p>A <em>reference</em> is the folder {@code reference/} inside a Hugging Face model directory:
 * {@code reference.json} states inputs and what was computed from them, {@code
 * reference.safetensors} holds the expected tensors, made by {@code transformers} in float64.
 * {@link dev.gatun.conformance.Verifier} runs every case and says, output by output, whether Gatun
 * is as close to the reference as PyTorch's own float32 is.
 */
package dev.gatun.conformance;
