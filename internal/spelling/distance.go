// Package spelling tells how much two names differ, to suggest what a misspelt one may have meant.
package spelling

// longest is the length from which on texts are taken as like nothing, so that a hostile name costs no time.
const longest = 255

// Distance is Levenshtein's: how many runes must be inserted, deleted or replaced to make b of a. Where either has more than 255
// runes it is the longer length.
func Distance(a, b string) int {
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
