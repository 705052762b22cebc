package nodes_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/comfy"
	"github.com/oneactor/oneactor/graph/ojson"
	"github.com/oneactor/oneactor/nodes"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/runtimetest"
)

// TestSaveAnimatedWEBP saves and reads back: pictures, EXIF texts and what the client is told.
func TestSaveAnimatedWEBP(t *testing.T) {
	extra := graph.ExtraPNGInfo{{Key: "workflow", JSON: `{"nodes": []}`}}
	tests := map[string]struct {
		batch    int
		lossless bool
		disabled bool
		animated bool
		texts    []string
		near     float32
	}{
		"lossless animation": {3, true, false, true, []string{`workflow {"nodes": []}`, `prompt {"1": {}}`}, 1.0 / 255},
		"lossy animation":    {2, false, false, true, []string{`workflow {"nodes": []}`, `prompt {"1": {}}`}, 0.2},
		"one picture":        {1, true, false, false, []string{`workflow {"nodes": []}`, `prompt {"1": {}}`}, 1.0 / 255},
		"without metadata":   {2, true, true, true, nil, 1.0 / 255},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ctx, rt := emptyRuntime(t, tt.disabled)
			pictures := ramp(tt.batch, 12, 20)
			ui, err := nodes.SaveAnimatedWEBP{
				Images: pictures, FilenamePrefix: "a", FPS: 8, Lossless: tt.lossless, Quality: 90, Method: "fastest",
				Prompt: graph.Prompt(`{"1": {}}`), ExtraPNGInfo: extra,
			}.Run(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if got := ui["animated"]; len(got) != 1 || got[0] != tt.animated {
				t.Errorf("animated %v, want %v", got, tt.animated)
			}
			path := filepath.Join(rt.Folders.Dir(folder.Output), "a_00001_.webp")
			back, _, err := runtime.LoadImage(path)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(back.Shape, pictures.Shape) {
				t.Fatalf("read back %v, want %v", back.Shape, pictures.Shape)
			}
			for i, v := range pictures.Data {
				if d := back.Data[i] - min(v, 1); max(d, -d) > tt.near {
					t.Fatalf("value %d is %g, want %g", i, back.Data[i], v)
				}
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			texts, warnings, err := comfy.ReadWebP(data)
			if err != nil || len(warnings) > 0 {
				t.Fatalf("EXIF: %v, %v", warnings, err)
			}
			var got []string
			for _, text := range texts {
				got = append(got, text.Key+" "+text.Text)
			}
			if !slices.Equal(got, tt.texts) {
				t.Errorf("texts %q, want %q", got, tt.texts)
			}
		})
	}
}

func TestSaveSVGNode(t *testing.T) {
	drawings := runtime.SVG{Files: []string{`<?xml version="1.0"?><svg width="1"><g/></svg>`, `<svg/>`, "no drawing"}}
	for _, disabled := range []bool{false, true} {
		ctx, rt := emptyRuntime(t, disabled)
		ui, err := nodes.SaveSVGNode{SVG: drawings, FilenamePrefix: "svg/a", Prompt: graph.Prompt(`{"text": "]]>"}`)}.Run(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(ui["images"]); n != 3 {
			t.Errorf("%d files were named, want 3", n)
		}
		for i, want := range drawings.Files {
			name := filepath.Join(rt.Folders.Dir(folder.Output), "svg", []string{"a_00001_.svg", "a_00002_.svg", "a_00003_.svg"}[i])
			got, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 && !disabled {
				const note = "\n  <metadata>\n    <![CDATA[\n" + `{"prompt": {"text": "]]\u003e"}}` + "\n    ]]>\n  </metadata>\n"
				want = strings.Replace(want, `<svg width="1">`, `<svg width="1">`+note, 1)
			}
			if string(got) != want {
				t.Errorf("file %d is %q, want %q", i, got, want)
			}
		}
	}
}

// TestSaveImageWebsocket sends every picture in full, each time the workflow runs, and stores nothing.
func TestSaveImageWebsocket(t *testing.T) {
	rt := runtimetest.New(t, folder.Config{Base: t.TempDir()}, runtime.Config{})
	registry, err := graph.New(nodes.Builtin()...)
	if err != nil {
		t.Fatal(err)
	}
	engine := graph.NewEngine(registry, graph.Config{Choices: rt.Choices, Bind: func(ctx context.Context) context.Context { return runtime.With(ctx, rt) }})
	prompt, err := ojson.ParseObject([]byte(`{
		"1": {"class_type": "EmptyImage", "inputs": {"width": 700, "height": 3, "batch_size": 2, "color": 255}},
		"2": {"class_type": "SaveImageWebsocket", "inputs": {"images": ["1", 0]}}}`), ojson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for run := range 2 {
		var sent []runtime.Preview
		var values []string
		v := engine.Validate(prompt, nil)
		if err := v.Err(); err != nil {
			t.Fatal(err)
		}
		_, err = engine.Run(t.Context(), graph.Request{PromptID: "p", Prompt: prompt, Outputs: v.Outputs}, func(e graph.Event) {
			switch e.Type {
			case graph.EventPreview:
				sent = append(sent, e.Preview.(runtime.Preview))
			case graph.EventProgress:
				value, _ := e.Data.Get("value")
				total, _ := e.Data.Get("max")
				values = append(values, strings.TrimSpace(ojson.PythonRepr([]any{value, total})))
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(sent) != 2 || !sent[1].Whole || sent[1].Width != 700 {
			t.Fatalf("run %d sent %d pictures: %+v", run, len(sent), sent)
		}
		if want := []string{"[0, 2]", "[1, 2]"}; !slices.Equal(values, want) {
			t.Errorf("progress %q, want %q", values, want)
		}
		if mime, _, err := sent[0].Encode(512); mime != "image/png" || err != nil {
			t.Errorf("encoded as %s, %v", mime, err)
		}
	}
	if entries, _ := os.ReadDir(rt.Folders.Dir(folder.Output)); len(entries) > 0 {
		t.Errorf("%d files were stored", len(entries))
	}
}

// TestSaveImageWebsocketInfo: the class is not in the fixtures, for it is a custom node that ComfyUI comes with.
func TestSaveImageWebsocketInfo(t *testing.T) {
	registry, err := graph.New(nodes.Builtin()...)
	if err != nil {
		t.Fatal(err)
	}
	got, err := registry.ObjectInfo("SaveImageWebsocket", nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := ojson.Parse([]byte(`{"input": {"required": {"images": ["IMAGE"]}}, "input_order": {"required": ["images"]}, "output": [],
		"output_is_list": [], "output_name": [], "name": "SaveImageWebsocket", "display_name": "SaveImageWebsocket", "description": "",
		"python_module": "custom_nodes.websocket_image_save", "category": "api/image", "output_node": true}`), ojson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if !ojson.Equal(got, want) {
		text, _ := ojson.Marshal(got, ojson.Python)
		t.Errorf("object_info is %s", text)
	}
}
