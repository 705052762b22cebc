// Package imaging holds the picture mathematics: resizing, cropping, compositing, mask growth, decoding and encoding.
//
// Planes are float32 tensors [N,C,H,W], as latents are; pictures on the wires are [B,H,W,C] with values 0…1 and are
// turned with Planes and Interleave. Masks are [N,1,H,W] here. Functions return new tensors and never write into their inputs.
//
// Resizing follows PyTorch's interpolate (align_corners false, no antialias), Lanczos follows Pillow's 8-bit resampling, and
// decoding follows what Pillow makes of a file, so that results agree with ComfyUI to the last 8-bit level or nearly so.
// Sheet, Curve, Scatter and Table draw pictures for people, with letters and thin lines on a Canvas, all in one quiet style.
//
// Nothing here touches onnxruntime or the node graph.
//
// To add a resizing method, add a Method and a row to resizers. To add a file format, add a row to formats.
package imaging
