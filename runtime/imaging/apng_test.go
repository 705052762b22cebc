package imaging

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/oneactor/oneactor/runtime/tensor"
)

func TestEncodeAPNG(t *testing.T) {
	pictures := []*tensor.Tensor{ramp(5, 4, 3), tensor.Full(0.5, 5, 4, 3), ramp(5, 4, 3)}
	var file bytes.Buffer
	if err := EncodeAPNG(&file, pictures, 100, PNGOptions{Level: 4, Texts: []Text{{"prompt", "{}"}}}); err != nil {
		t.Fatal(err)
	}
	kinds, bodies := chunksOf(t, file.Bytes())
	if want := []string{"IHDR", "acTL", "fcTL", "IDAT", "fcTL", "fdAT", "fcTL", "fdAT", "comf", "IEND"}; !slices.Equal(kinds, want) {
		t.Fatalf("chunks are %v, want %v", kinds, want)
	}
	for i, at := range []int{2, 4, 5, 6, 7} {
		if bodies[at][3] != byte(i) {
			t.Errorf("chunk %d has number %d, want %d", at, bodies[at][3], i)
		}
	}
	if got := string(bodies[8]); got != "prompt\x00{}" {
		t.Errorf("text is %q", got)
	}
	frames, err := Decode(&file, Limits{})
	if err != nil || len(frames) != 3 {
		t.Fatalf("%d frames come back (%v), want 3", len(frames), err)
	}
	for i, f := range frames {
		want := Bytes(pictures[i].Data)
		for p, v := range want {
			if got := f.Pixels[p/3*4+p%3]; got != v {
				t.Fatalf("frame %d, byte %d is %d, want %d", i, p, got, v)
			}
		}
	}

	file.Reset()
	if err := EncodeAPNG(&file, pictures[:1], 100, PNGOptions{}); err != nil {
		t.Fatal(err)
	}
	if kinds, _ := chunksOf(t, file.Bytes()); !slices.Equal(kinds, []string{"IHDR", "IDAT", "IEND"}) {
		t.Errorf("one picture makes chunks %v", kinds)
	}
	for name, list := range map[string][]*tensor.Tensor{"none": nil, "two sizes": {ramp(5, 4, 3), ramp(4, 5, 3)}} {
		if err := EncodeAPNG(&file, list, 100, PNGOptions{}); !errors.Is(err, tensor.ErrShape) {
			t.Errorf("%s: error is %v, want %v", name, err, tensor.ErrShape)
		}
	}
}
