// Package lower rewrites a graph for a device: the network that package model wrote once, in float32 and with channels first, becomes one in half
// precision, with channels last and with the fused operators of onnxruntime's CUDA provider.
//
// Graph walks the nodes of a finished onnx.Graph and writes another one. A value of the old graph may exist in several forms in the new one (in
// float32 or the compute type, channels first or last); each form is made when somebody reads it, so a rule says in which form it wants its
// inputs and the conversions follow. Sums and biases wait for their reader: a normalisation takes them into its own operator, and only what
// nobody takes becomes an Add (fuse.go).
//
// What stays in float32: inputs and outputs of the graph, whatever is computed from the time step before the first matrix, scale and shift of
// group normalisations, reductions and transcendental functions (rules.go). Statistics of normalisations and sums inside of products are
// float32 in the kernels.
//
// Nothing here knows a network or runs a graph.
package lower
