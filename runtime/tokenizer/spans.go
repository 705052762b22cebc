package tokenizer

import "slices"

// Span is a run of text and the rows of the encoded prompt that stand for it. Row r is token r%77 of chunk r/77.
type Span struct {
	Text       string // as it is written in the prompt
	Start, End int    // bytes of the prompt
	Rows       []int  // ascending; with a gap where a chunk ends in between
}

// content is a token of the text and its row.
type content struct {
	Token
	row int
}

// content lists the tokens that text stands behind, in the order of the prompt.
func (p *Prompt) content() []content {
	var out []content
	for c, chunk := range p.Chunks {
		for i, t := range chunk {
			if t.Word >= 0 {
				out = append(out, content{t, c*chunkLength + i})
			}
		}
	}
	return out
}

// Spans lists the words of the prompt in order: runs of letters, digits one by one, runs of other characters, embeddings.
func (p *Prompt) Spans() []Span {
	var out []Span
	all := p.content()
	for i := 0; i < len(all); {
		n := i + 1
		for n < len(all) && all[n].Word == all[i].Word {
			n++
		}
		out = append(out, p.span(all[i:n]))
		i = n
	}
	return out
}

// SameWords reports whether two prompts have the same words at the same rows, as one text has for two encoders that know the same embeddings.
func (p *Prompt) SameWords(q *Prompt) bool {
	return p.Text == q.Text && slices.EqualFunc(p.Chunks, q.Chunks, func(a, b []Token) bool {
		return slices.EqualFunc(a, b, func(s, t Token) bool { return s.Word == t.Word })
	})
}

// Find gives every place where the prompt has the words of phrase next to each other, whatever their case and weights.
// "cat" is found in "(Cat:1.2)" but not in "cats"; "red cat" is found in "red (cat)".
func (p *Prompt) Find(phrase string) []Span {
	want := encode(plainChars(phrase))
	if len(want) == 0 {
		return nil
	}
	all := p.content()
	var out []Span
	for i := 0; i+len(want) <= len(all); i++ {
		if matches(all[i:], want) && (i == 0 || all[i-1].Word != all[i].Word) {
			out = append(out, p.span(all[i:i+len(want)]))
		}
	}
	return out
}

// matches compares ids and the borders of words.
func matches(all []content, want []token) bool {
	for i, w := range want {
		begins := i == 0 || all[i].Word != all[i-1].Word
		if all[i].ID != w.id || begins != w.begins {
			return false
		}
	}
	n := len(want)
	return n == len(all) || all[n].Word != all[n-1].Word
}

func (p *Prompt) span(tokens []content) Span {
	s := Span{Start: tokens[0].Start}
	for _, t := range tokens {
		s.Start, s.End = min(s.Start, t.Start), max(s.End, t.End)
		s.Rows = append(s.Rows, t.row)
	}
	s.Text = p.Text[s.Start:s.End]
	return s
}
