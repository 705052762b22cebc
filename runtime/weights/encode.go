package weights

import (
	"cmp"
	"context"
	"io"
	"slices"
)

// Encode writes what Save would put into a file to w: for callers that have their own way to place files.
func Encode(ctx context.Context, w io.Writer, metadata []Pair, entries []Entry) error {
	entries = slices.Clone(entries)
	slices.SortStableFunc(entries, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(b.DType.Size(), a.DType.Size()), cmp.Compare(a.Name, b.Name))
	})
	head, err := encodeHeader(metadata, entries)
	if err != nil {
		return err
	}
	return writeAll(ctx, w, head, entries)
}
