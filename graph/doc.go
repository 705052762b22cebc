// Package graph runs workflows: graphs of nodes in ComfyUI's API format. It reads node classes from Go structs, describes them as
// GET /object_info does, validates prompts, plans and executes them, keeps results in a cache and reports events. It knows nothing
// of tensors, files or HTTP: nodes get these through their context, callers through events.
//
//   - A Class is a node class, a Registry all of them; New reads them from declarations.
//   - A prompt is an *ojson.Object, {id: {"class_type": …, "inputs": {…}}}. An input is a constant or a link ["4", 0] to an output
//     slot of another node.
//   - An Engine validates prompts (Validate) and runs them (Run), one at a time. Two engines share nothing but the registry.
//   - An output node is a root: what no output needs does not run.
//   - A signature stands for a result: class, constants and the signatures of the sources. Nodes of equal signature share
//     one cached result. The cache counts values by their Sized method, in bytes.
//
// What clients see (errors, events, history, /object_info) is ComfyUI's to the letter. Where this package is stricter or more lenient,
// the place says so: NaN is refused where a number has limits, depth is not limited, an undeclared link fails no call.
//
// # Adding a node
//
// A node is a struct and a method; one line in a list registers it.
//
//	// ImageInvert turns an image into its negative.
//	type ImageInvert struct {
//		_ graph.Meta `category:"image" title:"Invert Image"`
//
//		Image  runtime.Image
//		Amount float64 `default:"1.0" min:"0.0" max:"1.0" step:"0.01" doc:"how much of the negative is mixed in"`
//	}
//
//	// Run returns 1 - image, mixed with the image by Amount.
//	func (n ImageInvert) Run(ctx context.Context) (runtime.Image, error) {
//		return imaging.Invert(n.Image, n.Amount)
//	}
//
//	func imageNodes() []graph.Declaration {
//		return []graph.Declaration{graph.Declare[ImageInvert]()}
//	}
//
// The keys of the blank field are listed at Meta. Every other field is an input, named in snake case (CkptName is ckpt_name, VAE is
// vae) unless an in tag names it. Its socket type follows from the Go type:
//
//	int, int32, int64, uint64    INT
//	float64, float32             FLOAT
//	string, bool                 STRING, BOOLEAN
//	any                          * (a constant arrives as int64, float64, string or bool, a result as the node put it out)
//	a type with Socket() string  that socket, such as LATENT
//	a type with Choices()        a drop-down of these names
//	a pointer to one of these    the same, nil when absent; for optional inputs
//	graph.Link                   where the input comes from, instead of its value; give the type by tag
//	a slice, with list:"true" in Meta: all items at once, as the single call of a node that takes lists
//
// and from its tags:
//
//	in            wire name                        type         socket type, such as "INT,FLOAT"
//	default       default value ("8" and "8.0" print differently)
//	min, max      limits, both inclusive           step, round  hints for editors ("false" for no rounding)
//	enum          choices, "disabled|center"       choices      key of a list the server fills, "checkpoints"
//	optional      may be absent: then the default, or zero
//	lazy          only evaluated when Needs asks for it
//	check:"self"  tested by the node's Check instead of limits and list
//	multiline, dynamic, placeholder, display, label_on, label_off, advanced, upload:"image", control, force, unit
//	              how editors show it
//	doc           the tooltip                      opts         further options as a JSON object
//
// A key of the options object of /object_info is there exactly if its tag is. When Run starts, fixed choices are sure to be one
// of the list, and constants are within their limits. As in ComfyUI, a number that comes from another node may lie outside, and a name
// from a choices list may be gone by then. The receiver is a copy, so calls cannot disturb each other; values that came from other
// nodes are shared and must not be written to.
//
// Run returns one value, which is the only socket, or a struct with a field per socket (tags out, type, doc), or only an error. A
// result of type UI, or a field of it, goes to clients and into the history instead. List spreads a list into single items, for each
// of which the next node is called; Maybe and Block stop a branch; *Expansion replaces the node by others.
//
// Fields of the types Prompt, ExtraPNGInfo and UniqueID are filled by the engine, and a State is kept between runs. Further methods
// give further powers: Fingerprint (Fingerprinter) for what changes by itself, such as files, Check (Checker), Needs (Lazy).
//
// A long Run calls Progress, passes ctx on and returns its error when it is cancelled. An error of Run ends the prompt on that node;
// it may have ExceptionType() string, the name clients show, and Tip() string, advice below the message. A panic is caught and
// reported the same way, with its stack.
//
// A mistake in a tag is reported by New at start, all of them together. Test a node by calling Run on a literal; no engine is needed.
package graph
