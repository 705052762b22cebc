// Package comfy reads ComfyUI workflow files, in every form in which they are passed around, into the API prompt that the engine runs.
//
// A file holds either an API prompt ({"3": {"class_type": …, "inputs": …}}) or a UI graph, which is what the editor saves: nodes
// with positions, links, and the values of widgets as a bare list. Both come as JSON files, as the body of a POST to /prompt, or
// inside a picture (PNG text, WebP EXIF) or a latent. Read finds out which it is.
//
// A UI graph becomes a prompt in passes, as in the editor when it queues: parse (uigraph.go), opening of containers (container.go),
// then for each node that runs its widget values (widgets.go), their text processing (text.go, placeholders.go) and its links
// (resolve.go). Values are matched to inputs by their order in the node definitions, so Definitions are needed: those of the
// engine's registry (FromRegistry) or of an /object_info document (FromObjectInfo).
//
// Layout goes the other way and draws a prompt as a UI graph; Open reads any file for an editor.
//
// What is left out: validation, which is the engine's, and running.
package comfy
