package graph

import (
	"context"
)

// Meta marks a node struct; the tag of the blank field holds what concerns the whole class.
//
// Keys: category, title ("-" makes display_name null), doc, module (python_module, default "oneactor"), version, and the flags
// output, deprecated, experimental, v3 (newer schema shape of /object_info), list (INPUT_IS_LIST), volatile (NOT_IDEMPOTENT),
// each "true".
type Meta struct{}

// UI is the "ui" object of a node: lists by key, for example {"images": [{"filename": …}]}. A result field of this type
// is no socket.
type UI map[string][]any

// List is an output that is spread into single items (OUTPUT_IS_LIST).
type List[T any] []T

// Hidden inputs: a field of one of these types is filled by the engine and never appears as a socket or widget.
type (
	// Prompt is the API prompt after coercion, as the JSON text that goes into picture metadata.
	Prompt []byte
	// ExtraPNGInfo is extra_data.extra_pnginfo: JSON text by key in document order; nil where there is none.
	ExtraPNGInfo []MetadataEntry
	// UniqueID is the id of the executing node.
	UniqueID string
)

// MetadataEntry is one text that is saved with a picture, such as "workflow".
type MetadataEntry struct{ Key, JSON string }

// Socket is a value with a socket type of its own, such as "LATENT".
type Socket interface{ Socket() string }

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

// Lazy is a node with inputs tagged lazy:"true"; Needs names those that it wants evaluated now.
type Lazy interface {
	Needs(ctx context.Context) []string
}

// Expansion is the result of a node that replaces itself by further nodes (contract 4.5).
type Expansion struct {
	// Nodes by id in API form; see Graph builder.
	Nodes  any
	Result []any
}
