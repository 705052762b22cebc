package tokenizer

import (
	"slices"
	"testing"

	"github.com/oneactor/oneactor/runtime/goldentest"
)

// transformers 4.57.1 CLIPTokenizer without ftfy, see testdata/make_ids.py; exact.
func TestEncode(t *testing.T) {
	var cases [][2]any
	goldentest.JSON(t, "testdata/ids.json", &cases)
	if len(cases) < 100 {
		t.Fatalf("only %d cases", len(cases))
	}
	for _, c := range cases {
		var want, got []int
		for _, id := range c[1].([]any) {
			want = append(want, int(id.(float64)))
		}
		for _, tok := range encode(plainChars(c[0].(string))) {
			got = append(got, tok.id)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%+q: got %v, want %v", c[0], got, want)
		}
	}
}

func TestDecode(t *testing.T) {
	tests := map[string]struct {
		ids  []int
		want string
	}{
		"nothing":       {nil, ""},
		"a letter":      {[]int{64}, "a"},
		"a word":        {[]int{2368}, "cat"},
		"several":       {[]int{320, 1125, 539, 320, 2368}, "a photo of a cat"},
		"pieces join":   {[]int{1642, 2857, 13093, 2076, 5868, 26850, 835, 639, 38466}, "supercalifragilisticexpialidocious"},
		"specials":      {[]int{BOS, 2368, EOS}, "<|startoftext|> cat <|endoftext|>"},
		"out of range":  {[]int{-1, 2368, 49408}, "\uFFFD cat \uFFFD"},
		"bytes of a é":  {[]int{127, 102 + 256}, "é"},
		"last merge":    {[]int{BOS - 1}, Decode(BOS - 1)},
		"not valid utf": {[]int{127}, "\xc3"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Decode(tt.ids...); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestLettersAreABijection(t *testing.T) {
	seen := map[int]bool{}
	for b := range 256 {
		id := letterID(byte(b))
		if seen[id] || id < 0 || id >= letters || letterOf(id) != byte(b) {
			t.Errorf("byte %#x has id %d, which stands for %#x", b, id, letterOf(id))
		}
		seen[id] = true
	}
}

// What encodeWord relies on: the table is sorted, and no merge makes a symbol that a merge of lower rank needs.
func TestMergeTable(t *testing.T) {
	if want := 2 * 3 * mergeCount; len(mergeTable) != want {
		t.Fatalf("%d bytes, want %d", len(mergeTable), want)
	}
	for rank := range mergeCount {
		left, right := merge(rank)
		if left >= firstMerge+rank || right >= firstMerge+rank {
			t.Fatalf("merge %d joins %d and %d, which come later", rank, left, right)
		}
		if got, ok := mergeRank(left, right); !ok || got != rank {
			t.Fatalf("merge %d of %d and %d is found as %d, %v", rank, left, right, got, ok)
		}
	}
	for _, pair := range [][2]int{{0, 0}, {BOS, EOS}, {-1, -1}, {1 << 20, 0}, {511, 511}} {
		if rank, ok := mergeRank(pair[0], pair[1]); ok {
			if l, r := merge(rank); l != pair[0] || r != pair[1] {
				t.Errorf("%v is found as merge %d of %d and %d", pair, rank, l, r)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"a", "cat", "don't", "naïve", "日本", "🙂", "<|endoftext|>", "\u0345"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		// Decoding and encoding again changes nothing.
		var ids []int
		for _, tok := range encode(plainChars(s)) {
			ids = append(ids, tok.id)
		}
		text := Decode(ids...)
		var again []int
		for _, tok := range encode(plainChars(text)) {
			again = append(again, tok.id)
		}
		if !slices.Equal(ids, again) {
			t.Errorf("%q: %v decode to %q, which encodes to %v", s, ids, text, again)
		}
	})
}
