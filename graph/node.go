package graph

import (
	"context"
)

// Meta marks a node struct; the tag of the blank field holds what concerns the whole class.
//
// Keys: category, title ("-" makes display_name null), doc, module (python_module, default "oneactor"), class (the class id
// where it is not the name of the struct), version, and the flags output, deprecated, experimental, v3 (newer schema shape of
// /object_info), list (INPUT_IS_LIST), volatile (NOT_IDEMPOTENT), each "true".
type Meta struct{}

// UI is the "ui" object of a node: lists by key, for example {"images": [{"filename": …}]}. A result of this type, or a
// result field of it, is no socket. The items are JSON values as in package ojson; keys are written in sorted order.
type UI map[string][]any

// List is an output that is spread into single items (OUTPUT_IS_LIST).
type List[T any] []T

func (l List[T]) unwrapList() []any {
	items := make([]any, len(l))
	for i, v := range l {
		items[i] = v
	}
	return items
}

// Hidden inputs: a field of one of these types, or of State, is filled by the engine and never appears as a socket or widget.
type (
	// Prompt is the API prompt after coercion, as the JSON text that goes into picture metadata. It is shared: do not change it.
	Prompt []byte
	// ExtraPNGInfo is extra_data.extra_pnginfo: JSON text by key in document order; nil where there is none.
	ExtraPNGInfo []MetadataEntry
	// UniqueID is the id of the executing node; a class that asks for it caches per node, not per inputs.
	UniqueID string
)

// MetadataEntry is one text that is saved with a picture, such as "workflow".
type MetadataEntry struct{ Key, JSON string }

// State is what a node keeps between runs, such as a file it loaded: one T for each (node id, class), zero at first, kept as
// long as the node stays in the prompts. It never appears in /object_info.
type State[T any] struct{ value *T }

// Value is the place of the state. Outside an engine, as in a test that calls Run itself, it is a fresh zero value.
func (s State[T]) Value() *T {
	if s.value == nil {
		return new(T)
	}
	return s.value
}

func (State[T]) newState() any { return new(T) }

func (s *State[T]) setState(v any) { s.value = v.(*T) }

// Socket is a value with a socket type of its own, such as "LATENT".
type Socket interface{ Socket() string }

// Combo is a value chosen from a fixed list; Choices is called on the zero value.
type Combo interface{ Choices() []string }

// Sized is a value that knows how much memory it holds; the cache counts it.
type Sized interface{ Bytes() int64 }

// Fingerprinter is a node whose result may change although its inputs did not (IS_CHANGED), such as a loader of files.
// Only constants are set when it is called; an error means "never equal".
type Fingerprinter interface {
	Fingerprint(ctx context.Context) (string, error)
}

// Checker is a node with a validation of its own (VALIDATE_INPUTS). Inputs tagged check:"self" are neither range nor membership
// tested by the engine; only constants are set. The error text is what the user reads.
type Checker interface {
	Check(ctx context.Context) error
}

// Lazy is a node with inputs tagged lazy:"true"; Needs returns the wire names of those that it wants evaluated now. It is
// called again after each has arrived, with the inputs known so far set, until it names nothing new.
type Lazy interface {
	Needs(ctx context.Context) []string
}
