// Package nodes declares the node classes: one struct per class, its inputs as fields, its work as Run.
//
// A node is thin: it hands its inputs to one call of package runtime and returns the result. Files go by theme
// (loaders.go, conditioning.go, latent.go, sampling.go, image.go, …); each has a function that lists its classes, and Builtin
// joins the lists. Names, inputs, defaults and semantics are those of ComfyUI, so that workflows people have run unchanged.
//
// To add a node, write the struct and its Run in the file of its theme and add a line to that file's list.
package nodes
