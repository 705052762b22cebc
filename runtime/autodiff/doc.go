// Package autodiff writes gradients: reverse mode over the graph of an onnx.Builder, emitted into the same builder as ordinary
// inference nodes, so that any onnxruntime runs it.
//
// Gradients finds the nodes between the loss and the wanted values, which are inputs of the graph or values in it, and goes through
// them backwards. Only those nodes are differentiated: of a frozen network that is the gradient of its inputs, and no weight's.
// What is differentiated at a time is a unit: a node, or an onnx.Group, such as "GroupNorm", whose gradient is shorter as a whole.
//
// # Time and memory
//
// What a rule computes from activations alone, such as the statistics of a normalisation, the share of a gelu or a kernel turned around, is
// moved in front of everything that waits for a gradient: onnxruntime then makes it just before it is read (onnx.Builder.MoveUp), and only
// what the rule began with is kept. Options.Recompute goes further and makes whole chains of layers again. Attention never keeps its
// probabilities; they are made again in blocks. Kernels of convolutions are turned while a session loads (runtime/ort, derive).
//
// # To add a rule
//
// A rule is a row in rules (one per operator) or groups (one per kind of group) and a formula beside its like: rules_elementwise.go,
// rules_shape.go, rules_reduce.go, rules_linear.go, rules_conv.go, rules_norm.go, rules_attention.go. The formula gets the gradients of
// the outputs and returns one gradient per input, nil where u.needs(i) is false. It
//
//   - may leave a gradient in the broadcast shape: backward.add sums it back, and checks type and shape;
//   - reads weights as they are stored, through the transposing forms of Gemm and FusedMatMul;
//   - reads outputs rather than inputs where either does, and makes no large value that it can do without;
//   - fails, naming the node, where an attribute or an unknown size is not covered. It never guesses.
//
// An operator without a derivative is listed as stop. A row comes with a case in TestRules, which compares it to central differences
// (package gradtest); TestEveryOperatorHasARow and TestNetworksHaveRows fail for an operator or a network that is left out.
//
// AdamW is the optimizer, one fused loop in Go; AdamWGraph is the same for a GPU, whose memory is fast and far away.
//
// Nothing here knows a network or onnxruntime, which only tests import.
package autodiff
