package graph

import (
	"strings"

	"github.com/oneactor/oneactor/internal/spelling"
)

// nearest is the candidate most like name, or "" where none is close: at most a third of its letters differ.
func nearest(name string, candidates []string) string {
	best, bestDistance := "", max(len(name)/3, 1)+1
	lower := strings.ToLower(name)
	for _, c := range candidates {
		if gap := len(c) - len(name); gap >= bestDistance || -gap >= bestDistance {
			continue
		}
		if d := spelling.Distance(lower, strings.ToLower(c)); d < bestDistance && d < len(name) {
			best, bestDistance = c, d
		}
	}
	return best
}
