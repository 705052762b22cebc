package imaging

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image/jpeg"
	"math"
	"slices"
	"testing"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// chunksOf splits a PNG into kind and body and checks every checksum.
func chunksOf(t *testing.T, data []byte) (kinds []string, bodies [][]byte) {
	t.Helper()
	data, ok := bytes.CutPrefix(data, []byte(pngSignature))
	if !ok {
		t.Fatal("no PNG signature")
	}
	for len(data) > 0 {
		n := int(binary.BigEndian.Uint32(data))
		body := data[8 : 8+n]
		if got, want := crc32.ChecksumIEEE(data[4:8+n]), binary.BigEndian.Uint32(data[8+n:]); got != want {
			t.Errorf("chunk %s has checksum %x, want %x", data[4:8], want, got)
		}
		kinds, bodies = append(kinds, string(data[4:8])), append(bodies, body)
		data = data[12+n:]
	}
	return kinds, bodies
}

func TestEncodePNGPixels(t *testing.T) {
	for _, channels := range []int{1, 3, 4} {
		for _, level := range []int{0, 1, 4, 9} {
			t.Run(fmt.Sprintf("%d channels, level %d", channels, level), func(t *testing.T) {
				x := ramp(37, 53, channels)
				var file bytes.Buffer
				if err := EncodePNG(&file, x, PNGOptions{Level: level}); err != nil {
					t.Fatal(err)
				}
				frames, err := Decode(&file, Limits{})
				if err != nil {
					t.Fatal(err)
				}
				want := Bytes(x.Data)
				for p := range 37 * 53 {
					px := [4]uint8{want[p*channels], want[p*channels+min(1, channels-1)], want[p*channels+min(2, channels-1)], 255}
					if channels == 4 {
						px[3] = want[p*4+3]
					}
					if got := [4]uint8(frames[0].Pixels[p*4:]); got != px {
						t.Fatalf("pixel %d is %v, want %v", p, got, px)
					}
				}
			})
		}
	}
}

func TestEncodePNGTexts(t *testing.T) {
	var file bytes.Buffer
	texts := []Text{{"prompt", `{"1": "\u00e4"}`}, {"workflow", "{}"}, {"note", "für"}, {"note", "→"}}
	if err := EncodePNG(&file, ramp(2, 2, 3), PNGOptions{Level: 4, Texts: texts}); err != nil {
		t.Fatal(err)
	}
	kinds, bodies := chunksOf(t, file.Bytes())
	if want := []string{"IHDR", "tEXt", "tEXt", "tEXt", "iTXt", "IDAT", "IEND"}; !slices.Equal(kinds, want) {
		t.Fatalf("chunks are %v, want %v", kinds, want)
	}
	for i, want := range []string{
		"prompt\x00{\"1\": \"\\u00e4\"}", "workflow\x00{}", "note\x00f\xfcr", "note\x00\x00\x00\x00\x00→",
	} {
		if got := string(bodies[i+1]); got != want {
			t.Errorf("text %d is %q, want %q", i, got, want)
		}
	}
}

func TestEncodePNGErrors(t *testing.T) {
	var sink bytes.Buffer
	for name, shape := range map[string][]int{"two channels": {2, 2, 2}, "batch": {1, 2, 2, 3}, "empty": {0, 2, 3}} {
		if err := EncodePNG(&sink, tensor.New(shape...), PNGOptions{}); !errors.Is(err, tensor.ErrShape) {
			t.Errorf("%s: error is %v, want %v", name, err, tensor.ErrShape)
		}
	}
	for name, o := range map[string]PNGOptions{
		"level 10": {Level: 10}, "no key": {Texts: []Text{{"", "x"}}}, "key beyond Latin-1": {Texts: []Text{{"→", "x"}}},
	} {
		if err := EncodePNG(&sink, ramp(2, 2, 3), o); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	full := errors.New("disk is full")
	if err := EncodePNG(brokenWriter{full}, ramp(2, 2, 3), PNGOptions{}); !errors.Is(err, full) {
		t.Errorf("error is %v, want %v", err, full)
	}
}

type brokenWriter struct{ err error }

func (b brokenWriter) Write([]byte) (int, error) { return 0, b.err }

func TestBytes(t *testing.T) {
	nan := float32(math.NaN())
	got := Bytes([]float32{-1, 0, 0.5, 0.999, 1, 2, nan, float32(math.Inf(1))})
	if want := []uint8{0, 0, 127, 254, 255, 255, 0, 255}; !slices.Equal(got, want) {
		t.Errorf("levels are %v, want %v", got, want)
	}
}

func TestThumbnailAndJPEG(t *testing.T) {
	f := Frame{Width: 200, Height: 50, Pixels: bytes.Repeat([]uint8{10, 200, 30, 255}, 200*50)}
	small := Thumbnail(f, 64)
	if small.Width != 64 || small.Height != 16 {
		t.Fatalf("thumbnail is %dx%d, want 64x16", small.Width, small.Height)
	}
	if !bytes.Equal(small.Pixels, bytes.Repeat([]uint8{10, 200, 30, 255}, 64*16)) {
		t.Error("a plain picture changed its colour")
	}
	if same := Thumbnail(f, 200); same.Width != 200 {
		t.Errorf("a picture within the limit became %d wide", same.Width)
	}
	data, err := EncodeJPEG(small, 95)
	if err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if b := img.Bounds(); b.Dx() != 64 || b.Dy() != 16 {
		t.Errorf("JPEG is %v", b)
	}
}

func BenchmarkEncodePNG(b *testing.B) {
	x := tensor.New(512, 512, 3)
	for i := range x.Data {
		x.Data[i] = float32(math.Sin(float64(i)/700)+1) / 2
	}
	for b.Loop() {
		if err := EncodePNG(&bytes.Buffer{}, x, PNGOptions{Level: 4}); err != nil {
			b.Fatal(err)
		}
	}
}
