package folder

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
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
		d := editDistance(want, stem(n))
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

// editDistance is Levenshtein's: inserted, deleted and replaced runes between a and b.
func editDistance(a, b string) int {
	const longest = 255 // of a file name; a longer text is like none of them
	from, to := []rune(a), []rune(b)
	if len(from) > longest || len(to) > longest {
		return max(len(from), len(to))
	}
	row := make([]int, len(to)+1) // distances of the runes of from read so far to every start of to
	for j := range row {
		row[j] = j
	}
	for i, r := range from {
		diagonal := row[0]
		row[0] = i + 1
		for j, s := range to {
			replaced := diagonal
			if r != s {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(to)]
}
