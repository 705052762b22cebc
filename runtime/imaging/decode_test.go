package imaging

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"os"
	"testing"
)

// decoded is what Pillow reads from a file, see testdata/pictures.py.
type decoded struct {
	Alpha  string `json:"alpha"`
	Frames []struct {
		Size [2]int `json:"size"`
		RGBA []byte `json:"rgba"`
	} `json:"frames"`
}

func TestDecodePillow(t *testing.T) {
	// JPEG and lossy WebP decoders may round the inverse transform differently; everything else is exact.
	levels := map[string]int{
		"420.jpg": 3, "422.jpg": 3, "444.jpg": 3, "progressive.jpg": 3, "cmyk.jpg": 3, "gray.jpg": 1, "lossy.webp": 3, "animatedlossy.webp": 6,
	}
	for o := '1'; o <= '8'; o++ {
		levels["orientation"+string(o)+".jpg"] = 3
	}
	data, err := os.ReadFile("testdata/pictures.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]decoded
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]AlphaKind{"none": Opaque, "key": ColorKey, "channel": AlphaChannel}
	for name, want := range want {
		t.Run(name, func(t *testing.T) {
			f, err := os.Open("testdata/pictures/" + name)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			frames, err := Decode(f, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if len(frames) != len(want.Frames) {
				t.Fatalf("%d frames, want %d", len(frames), len(want.Frames))
			}
			if got := frames[0].Alpha; got != kinds[want.Alpha] {
				t.Errorf("alpha is %d, want %s", got, want.Alpha)
			}
			for i, frame := range frames {
				if frame.Width != want.Frames[i].Size[0] || frame.Height != want.Frames[i].Size[1] {
					t.Fatalf("frame %d is %dx%d, want %v", i, frame.Width, frame.Height, want.Frames[i].Size)
				}
				far, at := 0, 0
				for p, v := range want.Frames[i].RGBA {
					if d := max(int(v)-int(frame.Pixels[p]), int(frame.Pixels[p])-int(v)); d > far {
						far, at = d, p
					}
				}
				if far > levels[name] {
					t.Errorf("frame %d: byte %d is %d, want %d", i, at, frame.Pixels[at], want.Frames[i].RGBA[at])
				}
			}
		})
	}
}

// bomb is a PNG header that promises width x height pixels.
func bomb(width, height uint32) []byte {
	b := []byte(pngSignature + "\x00\x00\x00\x0dIHDR")
	b = binary.BigEndian.AppendUint32(b, width)
	b = binary.BigEndian.AppendUint32(b, height)
	b = append(b, 8, 2, 0, 0, 0)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[12:]))
}

func TestDecodeRejects(t *testing.T) {
	gif, err := os.ReadFile("testdata/pictures/animated.gif")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		data   []byte
		limits Limits
		want   error
	}{
		"empty":               {nil, Limits{}, ErrFormat},
		"text":                {[]byte("GIF, or so it says"), Limits{}, ErrFormat},
		"header only":         {bomb(4, 4), Limits{}, ErrFormat},
		"bomb":                {bomb(1<<16, 1<<16), Limits{}, ErrTooLarge},
		"over the limit":      {bomb(5, 5), Limits{Pixels: 24}, ErrTooLarge},
		"frames over it":      {gif, Limits{Pixels: 8*6*3 - 1}, ErrTooLarge},
		"file over the limit": {gif, Limits{Bytes: 100}, ErrTooLarge},
		"cut off":             {gif[:len(gif)/2], Limits{}, ErrFormat},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := Decode(bytes.NewReader(tt.data), tt.limits); !errors.Is(err, tt.want) {
				t.Errorf("error is %v, want %v", err, tt.want)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	files, err := os.ReadDir("testdata/pictures")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile("testdata/pictures/" + file.Name())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		const limit = 1 << 16
		frames, err := Decode(bytes.NewReader(data), Limits{Pixels: limit})
		if err != nil {
			return
		}
		pixels := 0
		for _, frame := range frames {
			if len(frame.Pixels) != frame.Width*frame.Height*4 {
				t.Errorf("%d bytes for %dx%d pixels", len(frame.Pixels), frame.Width, frame.Height)
			}
			pixels += frame.Width * frame.Height
		}
		if pixels < 1 || pixels > limit {
			t.Errorf("%d pixels got through the limit of %d", pixels, limit)
		}
	})
}
