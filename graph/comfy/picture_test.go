package comfy

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

// chunk is a PNG chunk with its length and checksum.
func chunk(kind, body string) string {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(b, kind+body...)
	return string(binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:])))
}

// png is a PNG file as far as its texts are concerned: it has no pixels.
func png(chunks ...string) string {
	header := chunk("IHDR", "\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00")
	return "\x89PNG\r\n\x1a\n" + header + strings.Join(chunks, "") + chunk("IEND", "")
}

func deflated(r io.Reader) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	io.Copy(z, r)
	z.Close()
	return b.String()
}

func TestReadPNG(t *testing.T) {
	z := deflated(strings.NewReader("text é"))
	tests := map[string]struct {
		data     string
		want     []Text
		warnings int
	}{
		"no texts":               {png(), nil, 0},
		"tEXt":                   {png(chunk("tEXt", "k\x00v")), []Text{{"k", "v"}}, 0},
		"empty text":             {png(chunk("tEXt", "k\x00")), []Text{{"k", ""}}, 0},
		"Latin-1":                {png(chunk("tEXt", "k\x00caf\xe9")), []Text{{"k", "café"}}, 0},
		"UTF-8 in tEXt":          {png(chunk("tEXt", "k\x00café")), []Text{{"k", "café"}}, 0},
		"zTXt":                   {png(chunk("zTXt", "k\x00\x00"+z)), []Text{{"k", "text é"}}, 0},
		"iTXt":                   {png(chunk("iTXt", "k\x00\x00\x00de\x00K\x00漢")), []Text{{"k", "漢"}}, 0},
		"iTXt compressed":        {png(chunk("iTXt", "k\x00\x01\x00\x00\x00"+z)), []Text{{"k", "text é"}}, 0},
		"comf":                   {png(chunk("comf", "prompt\x00{}")), []Text{{"prompt", "{}"}}, 0},
		"several, in order":      {png(chunk("tEXt", "b\x001"), chunk("IDAT", "x"), chunk("tEXt", "a\x002")), []Text{{"b", "1"}, {"a", "2"}}, 0},
		"nothing after IEND":     {png() + chunk("tEXt", "k\x00v"), nil, 0},
		"no NUL":                 {png(chunk("tEXt", "kv"), chunk("tEXt", "k\x00v")), []Text{{"k", "v"}}, 1},
		"iTXt cut short":         {png(chunk("iTXt", "k\x00\x00"), chunk("iTXt", "k\x00\x00\x00de\x00")), nil, 2},
		"zTXt without data":      {png(chunk("zTXt", "k\x00")), nil, 1},
		"unknown compression":    {png(chunk("zTXt", "k\x00\x01"+z)), nil, 1},
		"damaged compression":    {png(chunk("zTXt", "k\x00\x00"+z[:8])), nil, 1},
		"wrong checksum":         {png(strings.Replace(chunk("tEXt", "k\x00v"), "v", "w", 1)), nil, 1},
		"cut in a chunk":         {png(chunk("tEXt", "k\x00v"), chunk("tEXt", "long\x00text"))[:60], []Text{{"k", "v"}}, 1},
		"length beyond the file": {png()[:33] + "\xff\xff\xff\xfftEXtk\x00v1234", nil, 1},
		"only the signature":     {"\x89PNG\r\n\x1a\n", nil, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, warnings, err := ReadPNG([]byte(tt.data))
			if err != nil || !slices.Equal(got, tt.want) || len(warnings) != tt.warnings {
				t.Errorf("got %q, %v, %v; want %q and %d warnings", got, warnings, err, tt.want, tt.warnings)
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// TestReadPNGBomb: texts that are small packed must not be unpacked beyond the limit, whether in one chunk or in many.
func TestReadPNGBomb(t *testing.T) {
	one := chunk("zTXt", "k\x00\x00"+deflated(io.LimitReader(zeros{}, 80<<20)))
	tenth := chunk("iTXt", "k\x00\x01\x00\x00\x00"+deflated(io.LimitReader(zeros{}, 8<<20)))
	for name, data := range map[string]string{"one": png(one), "many": png(strings.Repeat(tenth, 100))} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, _, err := ReadPNG([]byte(data))
			if err == nil || !strings.Contains(err.Error(), "longer than 64 MiB") {
				t.Errorf("got %v", err)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// exif has ASCII entries 0x010F, 0x0110, 0x010E of four bytes or more in that order, after a prefix such as "Exif\x00\x00".
func exif(byteOrder, prefix string, texts ...string) string {
	var order binary.AppendByteOrder = binary.BigEndian
	if byteOrder == "II" {
		order = binary.LittleEndian
	}
	b := order.AppendUint16([]byte(byteOrder), 42)
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, uint16(len(texts)))
	at := len(b) + 12*len(texts) + 4
	for i, text := range texts {
		b = order.AppendUint16(b, []uint16{0x10f, 0x110, 0x10e, 0x10d}[i])
		b = order.AppendUint16(b, 2)
		b = order.AppendUint32(b, uint32(len(text)+1))
		b = order.AppendUint32(b, uint32(at))
		at += len(text) + 1
	}
	b = order.AppendUint32(b, 0)
	for _, text := range texts {
		b = append(b, text+"\x00"...)
	}
	return prefix + string(b)
}

// webp is a WebP file as far as its texts are concerned.
func webp(exif ...string) string {
	body := "WEBP" + riff("VP8X", "0123456789") + riff("VP8 ", "odd")
	for _, e := range exif {
		body += riff("EXIF", e)
	}
	return riff("RIFF", body)
}

func riff(kind, body string) string {
	b := binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(body)))
	b = append(b, body...)
	if len(body)%2 == 1 {
		b = append(b, 0)
	}
	return string(b)
}

func TestReadWebP(t *testing.T) {
	both := []Text{{"workflow", `{"a": 1}`}, {"prompt", "{}"}}
	tests := map[string]struct {
		data     string
		want     []Text
		warnings int
	}{
		"no EXIF":             {webp(), nil, 0},
		"big-endian":          {webp(exif("MM", "Exif\x00\x00", `workflow:{"a": 1}`, "prompt:{}")), both, 0},
		"little-endian":       {webp(exif("II", "", `workflow:{"a": 1}`, "prompt:{}")), both, 0},
		"upper case key":      {webp(exif("MM", "", `Workflow:{"a": 1}`, "Prompt:{}")), both, 0},
		"camera, not a text":  {webp(exif("MM", "", "Canon", "EOS")), nil, 0},
		"further keys by tag": {webp(exif("MM", "", "a:one", "b:two", "c:three")), []Text{{"c", "three"}, {"a", "one"}, {"b", "two"}}, 0},
		"text in the entry":   {webp("MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x0f\x00\x02\x00\x00\x00\x03a:1\x00"), []Text{{"a", "1"}}, 0},
		"other type":          {webp("MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x0f\x00\x03\x00\x00\x00\x03a:1\x00"), nil, 0},
		"no TIFF header":      {webp("XX\x00\x2a\x00\x00\x00\x08\x00\x00"), nil, 1},
		"short EXIF":          {webp("MM"), nil, 1},
		"directory outside":   {webp("MM\x00\x2a\xff\xff\xff\xff\x00\x00"), nil, 1},
		"too many entries":    {webp("MM\x00\x2a\x00\x00\x00\x08\xff\xff"), nil, 1},
		"text outside":        {webp("MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x0f\x00\x02\xff\xff\xff\xff\xff\xff\xff\xff"), nil, 1},
		"cut file":            {webp(exif("MM", "", "a:1"))[:50], nil, 1},
		"only the header":     {"RIFF\x04\x00\x00\x00WEBP", nil, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, warnings, err := ReadWebP([]byte(tt.data))
			if err != nil || !slices.Equal(got, tt.want) || len(warnings) != tt.warnings {
				t.Errorf("got %q, %v, %v; want %q and %d warnings", got, warnings, err, tt.want, tt.warnings)
			}
		})
	}
}

// jpeg is a JPEG file as far as its texts are concerned.
func jpeg(exif ...string) string {
	segment := func(marker byte, body string) string {
		return string(binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(body)+2))) + body
	}
	out := "\xff\xd8" + segment(0xe0, "JFIF\x00")
	for _, e := range exif {
		out += segment(0xe1, e)
	}
	return out + segment(0xda, "") + "picture" + "\xff\xd9"
}

// comment is EXIF data with a UserComment, which begins with the name of its characters.
func comment(characters, text string) string {
	b := append([]byte("Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08"), 0, 1)
	entry := func(tag, kind uint16, size, value uint32) {
		b = binary.BigEndian.AppendUint16(b, tag)
		b = binary.BigEndian.AppendUint16(b, kind)
		b = binary.BigEndian.AppendUint32(b, size)
		b = binary.BigEndian.AppendUint32(b, value)
	}
	entry(0x8769, 4, 1, 26)
	b = append(b, 0, 0, 0, 0, 0, 1)
	entry(0x9286, 7, uint32(len(characters+text)), 44)
	return string(append(b, 0, 0, 0, 0)) + characters + text
}

func utf16be(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.BigEndian.AppendUint16(b, u)
	}
	return string(b)
}

func TestReadJPEG(t *testing.T) {
	little := func(s string) string {
		b := []byte(utf16be(s))
		for i := 0; i+1 < len(b); i += 2 {
			b[i], b[i+1] = b[i+1], b[i]
		}
		return string(b)
	}
	tests := map[string]struct {
		data     string
		want     []Text
		warnings int
	}{
		"no EXIF":            {jpeg(), nil, 0},
		"keys":               {jpeg(exif("MM", "Exif\x00\x00", "workflow:{}", "prompt:{1}")), []Text{{"workflow", "{}"}, {"prompt", "{1}"}}, 0},
		"comment":            {jpeg(comment("UNICODE\x00", utf16be("é, 漢"))), []Text{{"parameters", "é, 漢"}}, 0},
		"comment, other way": {jpeg(comment("UNICODE\x00", little("a cat"))), []Text{{"parameters", "a cat"}}, 0},
		"comment in ASCII":   {jpeg(comment("ASCII\x00\x00\x00", "a cat\x00")), []Text{{"parameters", "a cat"}}, 0},
		"comment too short":  {jpeg(comment("", "abc")), nil, 0},
		"comment outside":    {jpeg(comment("UNICODE\x00", utf16be("abc"))[:60]), nil, 1},
		"APP1 of others":     {jpeg("http://ns.adobe.com/xap/1.0/\x00<x/>"), nil, 0},
		"cut":                {jpeg(comment("UNICODE\x00", "abcd"))[:30], nil, 1},
		"only the start":     {"\xff\xd8\xff", nil, 1},
		"length of 0":        {"\xff\xd8\xff\xe1\x00\x00", nil, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, warnings, err := ReadJPEG([]byte(tt.data))
			if err != nil || !slices.Equal(got, tt.want) || len(warnings) != tt.warnings {
				t.Errorf("got %q, %v, %v; want %q and %d warnings", got, warnings, err, tt.want, tt.warnings)
			}
		})
	}
}
