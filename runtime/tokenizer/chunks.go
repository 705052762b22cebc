package tokenizer

// chunkLength is the number of positions of a CLIP text encoder.
const chunkLength = 77

// keepTogether is the length from which a group of tokens may be cut at the end of a chunk.
const keepTogether = 8

// chunker fills chunks of 77 tokens with groups. A group is the text of one segment, or one embedding.
type chunker struct {
	encoder Encoder
	done    [][]Token
	now     []Token
}

func (c *chunker) begin() {
	c.now = append(make([]Token, 0, chunkLength), mark(BOS))
}

// room is what the chunk takes before its EOS.
func (c *chunker) room() int { return chunkLength - 1 - len(c.now) }

// add appends a group. A short one that does not fit goes to the next chunk as a whole.
func (c *chunker) add(group []Token) {
	long := len(group) >= keepTogether
	for len(group) > c.room() {
		if long {
			n := c.room()
			c.now = append(c.now, group[:n]...)
			group = group[n:]
		}
		c.finish()
		c.begin()
	}
	c.now = append(c.now, group...)
}

// finish ends the chunk with EOS and padding.
func (c *chunker) finish() {
	c.now = append(c.now, mark(EOS))
	c.done = append(c.done, pad(c.now, c.encoder))
}

func pad(chunk []Token, e Encoder) []Token {
	for len(chunk) < chunkLength {
		chunk = append(chunk, mark(e.Pad()))
	}
	return chunk
}

// mark is a token that no text stands behind.
func mark(id int) Token { return Token{ID: id, Weight: 1, Word: -1} }
