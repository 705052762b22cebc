package graph

import "strings"

// nearest is the candidate most like name, or "" where none is close: at most a third of its letters differ.
func nearest(name string, candidates []string) string {
	best, bestDistance := "", max(len(name)/3, 1)+1
	lower := strings.ToLower(name)
	for _, c := range candidates {
		if gap := len(c) - len(name); gap >= bestDistance || -gap >= bestDistance {
			continue
		}
		if d := distance(lower, strings.ToLower(c)); d < bestDistance && d < len(name) {
			best, bestDistance = c, d
		}
	}
	return best
}

// distance is the Levenshtein distance in bytes: insertions, deletions and replacements.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := diagonal
			if a[i] != b[j] {
				d = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], d
		}
	}
	return row[len(b)]
}
