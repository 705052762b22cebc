package comfy

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/graph/ojson"
)

// checkFile: what was read has nodes, and links of a converted prompt lead to nodes in it.
func checkFile(t *testing.T, f *File) {
	t.Helper()
	if f.Prompt.Len() == 0 {
		t.Fatal("read a prompt without nodes")
	}
	if _, err := FormatAPI(f.Prompt); err != nil {
		t.Fatal(err)
	}
	if f.Kind != UI {
		return
	}
	for id, v := range f.Prompt.All() {
		for name, input := range v.(*ojson.Object).Object("inputs").All() {
			link, ok := input.([]any)
			if !ok {
				continue
			}
			if origin, ok := link[0].(string); !ok || !f.Prompt.Has(origin) || len(link) != 2 {
				t.Fatalf("node %s: input %s is the link %v to nothing", id, name, link)
			}
		}
	}
}

func FuzzReadJSON(f *testing.F) {
	for _, name := range []string{"picture_to_picture", "merged_models"} {
		for _, kind := range []string{"workflow", "prompt"} {
			f.Add(readFile(f, filepath.Join("testdata", name+"."+kind+".json")))
		}
	}
	f.Add([]byte(ui("4: 1.0 IMAGE, 6: 3.0 IMAGE, 5: 2.0 *", node(1, "Picture", ""), node(3, "Convert", `"mode": 4`, "x IMAGE 4"), node(2, "Reroute", "", "x * 6"), node(9, "Preview", "", "x * 5"))))
	f.Add([]byte(ui("5: 3.0 INT", node(3, "PrimitiveNode", `"widgets_values": [42]`), node(9, "Save", `"widgets_values": ["%P.value%%date:d%"]`, "b INT 5"), node(4, "Text", `"widgets_values": {"text": "{a|{b|c}} // d"}`))))
	f.Add([]byte(`{"prompt": ` + apiText + `, "extra_data": {"extra_pnginfo": null}}`))
	f.Add([]byte(`{"nodes": [{"id": 1, "type": "workflow>G"}], "extra": {"groupNodes": {}}, "definitions": {"subgraphs": [1, {"id": "x"}]}, "links": [{"id": 1}]}`))
	reader := testReader(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		if file, err := reader.Read(data, "fuzz"); err == nil {
			checkFile(t, file)
		}
	})
}

func FuzzReadPNG(f *testing.F) {
	f.Add([]byte(png(chunk("tEXt", "workflow\x00"+uiText), chunk("comf", "prompt\x00"+apiText))))
	f.Add([]byte(png(chunk("zTXt", "prompt\x00\x00"+deflated(strings.NewReader(apiText))), chunk("iTXt", "k\x00\x01\x00\x00\x00"+deflated(strings.NewReader("x"))))))
	reader := testReader(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		texts, _, err := ReadPNG(data)
		total := 0
		for _, text := range texts {
			total += len(text.Text)
		}
		// Latin-1 at most doubles as UTF-8.
		if err == nil && total > 2*maxTexts {
			t.Fatalf("%d bytes of text", total)
		}
		if file, err := reader.Read(data, "fuzz"); err == nil {
			checkFile(t, file)
		}
	})
}

func FuzzReadWebP(f *testing.F) {
	f.Add([]byte(webp(exif("MM", "Exif\x00\x00", "workflow:"+uiText, "prompt:"+apiText))))
	f.Add([]byte(webp(exif("II", "", "prompt:"+apiText))))
	reader := testReader(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, _, err := ReadWebP(data); err != nil && len(data) < maxTexts {
			// Entries may share bytes, so small files can exceed the limit of texts; nothing else is an error.
			if err != errTooMuchText {
				t.Fatal(err)
			}
		}
		if file, err := reader.Read(data, "fuzz"); err == nil {
			checkFile(t, file)
		}
	})
}

// megabyte is a chain of samplers of about 1 MB, as the editor saves them.
func megabyte() []byte {
	var b strings.Builder
	b.WriteString(`{"last_node_id": 1, "nodes": [{"id": 0, "type": "Model"}`)
	links := []string{}
	for i := 1; b.Len() < 1<<20-1<<17; i++ {
		fmt.Fprintf(&b, `, {"id": %d, "type": "KSampler", "pos": [863.5, 186], "size": {"0": 315, "1": 262}, "flags": {}, "order": %d, "mode": 0,`+
			` "inputs": [{"name": "model", "type": "MODEL", "link": %d}, {"name": "latent", "type": "LATENT", "link": %d}],`+
			` "outputs": [{"name": "LATENT", "type": "LATENT", "links": [%d], "shape": 3, "slot_index": 0}],`+
			` "properties": {"Node name for S&R": "KSampler"}, "widgets_values": [%d, "randomize", 20, 8.0, "euler"]}`, i, i, 2*i, 2*i+1, 2*i+3, i*1_000_003)
		links = append(links, fmt.Sprintf(`[%d, 0, 0, %d, 0, "MODEL"], [%d, %d, 0, %d, 1, "LATENT"]`, 2*i, i, 2*i+1, i-1, i))
	}
	fmt.Fprintf(&b, `], "links": [%s], "groups": [], "config": {}, "extra": {}, "version": 0.4}`, strings.Join(links, ", "))
	return []byte(b.String())
}

func BenchmarkReadMegabyte(b *testing.B) {
	data, reader := megabyte(), testReader(b)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		f, err := reader.Read(data, "bench")
		if err != nil || f.Prompt.Len() < 1000 {
			b.Fatal(err)
		}
	}
}
