// Package sampling turns noise into a latent by stepping down a list of sigmas.
//
// A Sampler (Euler, DPMPP2M, …) is the stepping rule; a schedule (Karras, ScheduleSigmas, …) picks the sigmas, highest
// first, last usually 0. ModelSampling is what a model was trained with: its noise levels and what it predicts.
// Sample puts them together: it mixes noise into a latent, keeps unmasked cells, runs the sampler and scales the result
// back. Latents are float32 [B,C,H/8,W/8]. Nothing here touches onnxruntime: the model is a Denoiser the caller passes
// in, guidance included.
//
// Numbers follow PyTorch on a CPU, because results are meant to match those of other programs for the same seed: the
// generator is its mt19937, latents and the scalars of a step are float32 (a few sums that are float64 there are so
// here), and each formula keeps the order of operations where cancellation makes it matter.
//
// To add a sampler, write its type in sampler_<name>.go, add a row to samplers, and its golden trajectory to the
// fixtures.
package sampling
