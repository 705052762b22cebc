// Command gen makes merges.bin, the merge table of CLIP's byte pair encoding, from the vocabulary file that comes with
// CLIP: bpe_simple_vocab_16e6.txt.gz, also in the PyPI package clip-anytorch
// (pip download --no-deps clip-anytorch; unzip clip_anytorch-*.whl 'clip/bpe*').
//
//	go run ./gen bpe_simple_vocab_16e6.txt.gz merges.bin
package main

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
)

const (
	letters = 256   // byte symbols; the same again with the end of a word behind them
	merges  = 48894 // of the 262144 lines of the file CLIP uses these: 49408 tokens less 512 letters and 2 specials
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: gen bpe_simple_vocab_16e6.txt.gz merges.bin")
	}
	table, err := build(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(os.Args[2], table, 0o644); err != nil {
		log.Fatal(err)
	}
}

// build reads the lines "left right" and gives, in little endian uint16, the ids of left and right by rank, then the ranks
// sorted by (left, right).
func build(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	id := symbols()
	lines := bufio.NewScanner(text)
	lines.Scan() // the version
	var pairs [][2]uint16
	for len(pairs) < merges && lines.Scan() {
		left, right, ok := strings.Cut(lines.Text(), " ")
		l, knownLeft := id[left]
		r, knownRight := id[right]
		if !ok || !knownLeft || !knownRight {
			return nil, fmt.Errorf("%s: line %d: %q is not two known symbols", path, len(pairs)+2, lines.Text())
		}
		id[left+right] = uint16(2*letters + len(pairs))
		pairs = append(pairs, [2]uint16{l, r})
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(pairs) < merges {
		return nil, fmt.Errorf("%s: %d merges, want %d", path, len(pairs), merges)
	}
	ranks := make([]uint16, merges)
	for i := range ranks {
		ranks[i] = uint16(i)
	}
	slices.SortFunc(ranks, func(a, b uint16) int {
		return cmp.Or(cmp.Compare(pairs[a][0], pairs[b][0]), cmp.Compare(pairs[a][1], pairs[b][1]))
	})
	var out []byte
	for _, p := range pairs {
		out = binary.LittleEndian.AppendUint16(out, p[0])
		out = binary.LittleEndian.AppendUint16(out, p[1])
	}
	for _, r := range ranks {
		out = binary.LittleEndian.AppendUint16(out, r)
	}
	return out, nil
}

// symbols gives the ids of the letters. The file writes a byte as the character of that code where it is printable, the
// others as the characters from U+0100 on; ids follow that order.
func symbols() map[string]uint16 {
	var printable, rest []rune
	for b := range rune(letters) {
		if b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xff && b != 0xad {
			printable = append(printable, b)
		} else {
			rest = append(rest, 0x100+rune(len(rest)))
		}
	}
	id := map[string]uint16{}
	for i, r := range append(printable, rest...) {
		id[string(r)] = uint16(i)
		id[string(r)+"</w>"] = uint16(letters + i)
	}
	return id
}
