package actor

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/internal/spelling"
	"github.com/oneactor/oneactor/runtime/tokenizer"
)

// ErrWord is wrapped when a prompt lacks the base word.
var ErrWord = errors.New("the base word is not in the prompt")

// WordRows is the rows of an encoded prompt that stand for a word, all of its tokens wherever it occurs, ascending. The error
// wraps ErrWord and names the prompt, the word and the word of the prompt that is most like it.
func WordRows(p *tokenizer.Prompt, word string) ([]int, error) {
	if strings.TrimSpace(word) == "" {
		return nil, fmt.Errorf("no base word: name the noun of %q that stands for the subject: %w", p.Text, ErrWord)
	}
	var rows []int
	for _, s := range p.Find(word) {
		rows = append(rows, s.Rows...)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%q has no %q%s: %w", p.Text, word, similar(p, word), ErrWord)
	}
	slices.Sort(rows)
	return slices.Compact(rows), nil
}

// similar suggests the word of a prompt that shares most with the one that is not there.
func similar(p *tokenizer.Prompt, word string) string {
	best, least := "", 0
	for _, s := range p.Spans() {
		if !strings.ContainsFunc(s.Text, func(r rune) bool { return r > ' ' && !strings.ContainsRune(",.;:!?()[]\"'", r) }) {
			continue
		}
		if d := spelling.Distance(strings.ToLower(s.Text), strings.ToLower(strings.TrimSpace(word))); best == "" || d < least {
			best, least = s.Text, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; the nearest word there is %q", best)
}

// checkWord finds out early that the prompt of a cluster lacks the base word; a cluster without prompt says nothing.
func checkWord(prompt, word string) error {
	p, err := tokenizer.Tokenize(cmp.Or(prompt, word), tokenizer.Options{})
	if err != nil {
		return err
	}
	_, err = WordRows(p, word)
	return err
}
