// Package spelling tells how much two names differ, to suggest what a misspelt one may have meant.
package spelling

// longest is the length from which on texts are taken as like nothing, so that a hostile name costs no time.
const longest = 255

// Distance is that of optimal string alignment: how many runes must be inserted, deleted or replaced, or swapped with the next one, to
// make b of a. Where either has more than 255 runes it is the longer length.
func Distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	if len(from) > longest || len(to) > longest {
		return max(len(from), len(to))
	}
	// Distances of the runes of from read so far to every start of to: with all of them, one fewer, two fewer.
	row, before, earlier := make([]int, len(to)+1), make([]int, len(to)+1), make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i, r := range from {
		row, before, earlier = earlier, row, before
		row[0] = i + 1
		for j, s := range to {
			replaced := before[j]
			if r != s {
				replaced++
			}
			row[j+1] = min(replaced, before[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && r == to[j-1] && from[i-1] == s {
				row[j+1] = min(row[j+1], earlier[j-1]+1)
			}
		}
	}
	return row[len(to)]
}
