package comfy

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/graph/ojson"
)

const (
	apiText   = `{"9": {"class_type": "Save", "inputs": {"images": ["1", 0]}, "is_changed": [1.0]}, "1": {"class_type": "Anything"}}`
	uiText    = `{"nodes": [{"id": 4, "type": "Picture", "widgets_values": ["b.png"]}], "links": [], "version": 0.4}`
	groupText = `{"nodes": [{"id": 4, "type": "workflow>Group"}]}`
)

func TestRead(t *testing.T) {
	a1111 := chunk("tEXt", "parameters\x00a cat\nSteps: 20, Sampler: Euler a")
	tests := map[string]struct {
		data   string
		source string
		kind   Kind
		ids    []string
	}{
		"API prompt":              {apiText, "JSON", API, []string{"9", "1"}},
		"byte order mark":         {"\ufeff\n" + apiText, "JSON", API, []string{"9", "1"}},
		"node with the id prompt": {`{"prompt": {"class_type": "Save"}}`, "JSON", API, []string{"prompt"}},
		"node with the id nodes":  {`{"nodes": {"class_type": "Save"}}`, "JSON", API, []string{"nodes"}},
		"UI graph":                {uiText, "JSON", UI, []string{"4"}},
		"POST body":               {`{"client_id": "x", "prompt": ` + apiText + `, "extra_data": {"extra_pnginfo": {"workflow": {"nodes": []}}}}`, "POST body", API, []string{"9", "1"}},
		"prompt is a UI graph":    {`{"prompt": ` + uiText + `}`, "JSON", UI, []string{"4"}},
		"workflow as text":        {`{"workflow": ` + quoted(uiText) + `}`, "JSON", UI, []string{"4"}},
		"PNG with both":           {png(chunk("tEXt", "prompt\x00"+apiText), chunk("tEXt", "workflow\x00"+uiText)), "PNG text workflow", UI, []string{"4"}},
		"PNG with a prompt":       {png(a1111, chunk("tEXt", "prompt\x00"+apiText)), "PNG text prompt", API, []string{"9", "1"}},
		"PNG, broken workflow":    {png(chunk("tEXt", "prompt\x00"+apiText), chunk("tEXt", "workflow\x00{")), "PNG text prompt", API, []string{"9", "1"}},
		"PNG, API under workflow": {png(chunk("tEXt", "workflow\x00"+apiText)), "PNG text workflow", API, []string{"9", "1"}},
		"PNG with a subgraph":     {png(chunk("tEXt", "prompt\x00"+apiText), chunk("tEXt", "workflow\x00"+groupText)), "PNG text prompt", API, []string{"9", "1"}},
		"animated PNG":            {png(chunk("comf", "prompt\x00"+apiText)), "PNG text prompt", API, []string{"9", "1"}},
		"saved latent":            {latent(`{"__metadata__": {"prompt": ` + quoted(apiText) + `}}`), "safetensors text prompt", API, []string{"9", "1"}},
		"parameters of A1111":     {png(a1111), "PNG text parameters", API, []string{"1", "2", "3", "4", "5", "6", "7"}},
		"broken prompt, A1111":    {png(a1111, chunk("tEXt", "prompt\x00{")), "PNG text parameters", API, []string{"1", "2", "3", "4", "5", "6", "7"}},
		"A1111 in a text file":    {"a cat\nSteps: 20, Sampler: Euler a", "A1111 parameters", API, []string{"1", "2", "3", "4", "5", "6", "7"}},
		"JPEG":                    {jpeg(exif("MM", "Exif\x00\x00", "workflow:"+uiText, "prompt:"+apiText)), "JPEG text workflow", UI, []string{"4"}},
		"JPEG of A1111":           {jpeg(comment("UNICODE\x00", utf16be("a cat\nSteps: 20, Sampler: Euler a"))), "JPEG text parameters", API, []string{"1", "2", "3", "4", "5", "6", "7"}},
		"WebP":                    {webp(exif("MM", "", "workflow:"+uiText, "prompt:"+apiText)), "WebP text workflow", UI, []string{"4"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, err := testReader(t).Read([]byte(tt.data), "test")
			if err != nil {
				t.Fatal(err)
			}
			if f.Kind != tt.kind || f.Source != tt.source || !slices.Equal(f.Prompt.Keys(), tt.ids) {
				t.Errorf("got %s from %s with nodes %v; want %s from %s with %v", f.Kind, f.Source, f.Prompt.Keys(), tt.kind, tt.source, tt.ids)
			}
			if (f.ExtraPNGInfo.Object("workflow") != nil) != (tt.kind == UI || name == "POST body" || name == "PNG with a subgraph") {
				t.Errorf("extra_pnginfo: %s", ojson.PythonRepr(f.ExtraPNGInfo))
			}
		})
	}
}

func TestReadErrors(t *testing.T) {
	tests := map[string]struct {
		data string
		is   error
		want string
	}{
		"empty file":             {"", nil, "line 1, column 1: expected a value"},
		"broken JSON":            {`{"1": }`, nil, "line 1, column 7"},
		"array":                  {"[1]", ErrNoWorkflow, "the JSON document is an array"},
		"empty object":           {"{}", ErrNoWorkflow, "the object is empty"},
		"other JSON":             {`{"a": 1, "b": {}}`, ErrNoWorkflow, `the keys "a", "b"`},
		"nodes is a number":      {`{"nodes": 1}`, ErrNoWorkflow, `"nodes" is a number`},
		"prompt is a number":     {`{"prompt": 1}`, ErrNoWorkflow, `"prompt" is a number`},
		"prompt is no prompt":    {`{"prompt": {"a": {}}}`, ErrNoWorkflow, `under "prompt", the object has the keys "a"`},
		"prompt is broken text":  {`{"prompt": "{"}`, nil, `text under "prompt": json: line 1, column 2`},
		"PNG without texts":      {png(), ErrNoWorkflow, "no texts at all"},
		"parameters without any": {png(chunk("tEXt", "parameters\x00a cat")), ErrNoWorkflow, "not as A1111 writes them"},
		"PNG with other texts":   {png(chunk("tEXt", "Software\x00x"), chunk("tEXt", "dpi\x0072")), ErrNoWorkflow, `other texts only: "Software", "dpi"`},
		"PNG, broken prompt":     {png(chunk("tEXt", "prompt\x00{")), nil, "PNG text prompt: json: line 1, column 2"},
		"PNG, unknown nodes":     {png(chunk("tEXt", "prompt\x00"+apiText), chunk("tEXt", "workflow\x00"+strings.Replace(uiText, "Picture", "Magic", 1))), ErrUnknownNodes, "Magic (node 4)"},
		"damaged PNG":            {png(strings.Replace(chunk("tEXt", "prompt\x00"+apiText), "Save", "Load", 1)), ErrNoWorkflow, "damaged tEXt chunk"},
		"cut PNG":                {png(chunk("tEXt", "prompt\x00"+apiText))[:60], ErrNoWorkflow, "cut off"},
		"WebP without EXIF":      {webp(), ErrNoWorkflow, "no texts at all"},
		"latent without one":     {latent(`{"a": {}}`), ErrNoWorkflow, "the safetensors file has no texts"},
		"broken latent":          {latent(`{"a"}`), nil, "safetensors: header: json: line 1, column 5"},
		"JPEG":                   {"\xff\xd8\xff\xe0\x00\x06JFIF\xff\xd9", ErrNoWorkflow, "the JPEG file has no texts at all"},
		"GIF":                    {"GIF89a", ErrNoWorkflow, "a GIF picture"},
		"unknown binary":         {"\x00\x01\x02\x03", ErrNoWorkflow, "a binary file"},
		"UTF-16":                 {"\xff\xfe{\x00}\x00", ErrNoWorkflow, "a binary file"},
		"other text is no error": {"hello", nil, "expected a value, found 'h'"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, err := testReader(t).Read([]byte(tt.data), "a.file")
			if err == nil {
				t.Fatalf("read as %s", ojson.PythonRepr(f.Prompt))
			}
			if tt.is != nil && !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "a.file: ") {
				t.Errorf("got %q; want %v with %q", err, tt.is, tt.want)
			}
		})
	}
	if _, err := Read([]byte(uiText), "x", nil); err == nil || !strings.Contains(err.Error(), "node definitions") {
		t.Errorf("a UI graph without definitions: %v", err)
	}
	if f, err := Read([]byte(apiText), "x", nil); err != nil || f.Prompt.Len() != 2 {
		t.Errorf("an API prompt without definitions: %v", err)
	}
	if _, err := (Reader{Limits: ojson.Limits{MaxBytes: 10}}).Read([]byte(apiText), "x"); !errors.Is(err, ojson.ErrTooLarge) {
		t.Errorf("beyond the limit: %v", err)
	}
}

func TestFormatAPI(t *testing.T) {
	f, err := Read([]byte(`{"1":{"class_type":"A","inputs":{"x":["2",0],"y":8.0,"s":"é"}}}`), "x", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := `{
  "1": {
    "class_type": "A",
    "inputs": {
      "x": [
        "2",
        0
      ],
      "y": 8.0,
      "s": "é"
    }
  }
}
`
	if got, err := FormatAPI(f.Prompt); err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
}

func quoted(s string) string { return string(ojson.AppendString(nil, s, ojson.Python)) }

// latent is a safetensors file with that header and no tensors.
func latent(header string) string {
	return string(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))) + header
}
