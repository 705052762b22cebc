package folder

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/internal/spelling"
)

// nearest gives up to three of names that are most like name; folders and extensions weigh less than the rest.
func nearest(name string, names []string) []string {
	type candidate struct {
		name     string
		distance int
	}
	want := stem(name)
	var found []candidate
	for _, n := range names {
		d := spelling.Distance(want, stem(n))
		if n := len([]rune(want)); d > max(2, n/2) {
			continue // nothing in common but the alphabet
		}
		found = append(found, candidate{n, d})
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	var out []string
	for _, c := range found[:min(3, len(found))] {
		out = append(out, c.name)
	}
	return out
}

// stem is the file name in lower case without folder and extension; a prompt made on Windows separates with "\".
func stem(name string) string {
	base := strings.ToLower(filepath.Base(strings.ReplaceAll(name, `\`, "/")))
	return strings.TrimSuffix(base, extension(base))
}
