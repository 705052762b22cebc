// Package actor is OneActor: one character, every picture (Wang et al., NeurIPS 2024, arXiv:2404.10267).
//
// A Cluster is a base set: K+1 pictures of one prompt, one of them the target, the others auxiliary, with the state h of the UNet at
// the last step of each. A Projector maps h to a delta, a vector in the space of the text embedding. Tuning fits the projector to
// the target by gradients through the frozen UNet; its deltas are an Actor. At use the target's delta is added to the rows of the
// base word, v times, and guidance may push away from the average of the auxiliary ones.
//
// Shapes in comments: K auxiliary pictures, C channels of h, D width of the text embedding.
// Nothing here knows nodes or files of workflows; package runtime samples, encodes and decodes.
package actor
