package tokenizer

import (
	_ "embed"
	"sort"
	"strings"
)

// Ids of the tokens around the text.
const (
	BOS = 49406 // <|startoftext|>
	EOS = 49407 // <|endoftext|>
)

const (
	letters    = 256         // ids 0…255 are bytes, 256…511 bytes that end a word
	firstMerge = 2 * letters // the id of the merge of rank 0
	mergeCount = BOS - firstMerge
)

// mergeTable holds little endian uint16: the ids (left, right) of every merge by rank, then the ranks sorted by
// (left, right). A lookup is a binary search in it, so the 48894 merges cost neither time at start nor memory of ours.
//
//go:embed merges.bin
var mergeTable string

func word16(i int) int { return int(mergeTable[2*i]) | int(mergeTable[2*i+1])<<8 }

// merge is the pair of ids that the merge of a rank joins into the id firstMerge + rank.
func merge(rank int) (left, right int) { return word16(2 * rank), word16(2*rank + 1) }

// mergeRank finds the merge of two ids; lower ranks are joined first.
func mergeRank(left, right int) (int, bool) {
	byPair := func(i int) int { return word16(2*mergeCount + i) }
	i, found := sort.Find(mergeCount, func(i int) int {
		l, r := merge(byPair(i))
		if l != left {
			return left - l
		}
		return right - r
	})
	if !found {
		return 0, false
	}
	return byPair(i), true
}

// letterID is the id of a byte inside a word: printable ones (as Latin-1) come first, then the others.
func letterID(b byte) int {
	switch {
	case b >= '!' && b <= '~':
		return int(b) - '!'
	case b >= 0xa1 && b < 0xad:
		return int(b) - 0xa1 + 94
	case b > 0xad:
		return int(b) - 0xae + 106
	case b <= ' ':
		return int(b) + 188
	case b == 0xad:
		return 255
	}
	return int(b) - 0x7f + 221
}

// letterOf is the inverse of letterID.
func letterOf(id int) byte {
	switch {
	case id < 94:
		return byte(id + '!')
	case id < 106:
		return byte(id - 94 + 0xa1)
	case id < 188:
		return byte(id - 106 + 0xae)
	case id < 221:
		return byte(id - 188)
	case id == 255:
		return 0xad
	}
	return byte(id - 221 + 0x7f)
}

// Decode is the text of tokens, words separated by a blank; an id outside of the vocabulary is U+FFFD.
func Decode(ids ...int) string {
	var b strings.Builder
	for _, id := range ids {
		decode(&b, id)
	}
	return strings.TrimSuffix(b.String(), " ")
}

func decode(b *strings.Builder, id int) {
	switch {
	case id < 0 || id > EOS:
		b.WriteString("\uFFFD ")
	case id == BOS:
		b.WriteString(specials[0].text + " ")
	case id == EOS:
		b.WriteString(specials[1].text + " ")
	case id >= firstMerge:
		left, right := merge(id - firstMerge)
		decode(b, left)
		decode(b, right)
	case id >= letters:
		b.WriteByte(letterOf(id - letters))
		b.WriteByte(' ')
	default:
		b.WriteByte(letterOf(id))
	}
}
