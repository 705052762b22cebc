// Package model writes networks as ONNX graphs: CLIP's text encoder, the UNet, ControlNet and the VAE of the Stable Diffusion
// family. One file holds one architecture, written once; sizes and block counts come from the shapes of the weights, so a tiny
// test model and SD 1.5 take the same path.
//
// A network is a function from a weights.Set with canonical names (latent diffusion names for UNet, VAE and ControlNet, Hugging
// Face names for CLIP) to an onnx.Graph whose weights stay in the user's files. Activations are float32; weights of another type
// are converted by one Cast each. Patches are options: low-rank branches (LoRA) and replaced weights are inputs of the graph.
//
// Shapes in comments: B batch, C channels, H and W latent height and width, T tokens of the context, S = H·W, D widths.
// Nothing here runs a graph, reads checkpoints or knows their names. To add an architecture, add a file with its Read and build
// functions over net, and a golden test.
package model
