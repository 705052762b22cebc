package pack

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// The test binary is the program of the packs of these tests: it behaves as its last argument says.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "as-pack" {
		behave(os.Args[2])
		return
	}
	os.Exit(m.Run())
}

// described is what the program says of its nodes, by behaviour; "" is that of all others.
var described = map[string]string{
	"": `{"Turn": {"input": {"required": {"image": ["IMAGE"], "by": ["INT", {"default": 1, "min": 0, "max": 9}]}}, "output": ["IMAGE"]},
		"Make": {"input": {"required": {"n": ["INT"]}}, "output": ["THING"]}, "Use": {"input": {"required": {"thing": ["THING"]}}, "output": ["INT"]},
		"Count": {"input": {"required": {"n": ["INT"]}}, "output": ["INT"], "output_is_list": [true]}}`,
	"model":       `{"A": {"input": {"required": {"m": ["MODEL"]}}}}`,
	"taken":       `{"Here": {}}`,
	"description": `{"A": {"input": {"required": {"x": "INT"}}}}`,
	"list":        `[]`,
}

func behave(how string) {
	say := func(text string) { fmt.Println(text) }
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	things := map[string]string{}
	for in.Scan() {
		var m struct {
			Type, Class, Folder string
			ID                  int64
			Inputs              map[string]json.RawMessage
			Handles             []string
		}
		if err := json.Unmarshal(in.Bytes(), &m); err != nil {
			panic(err)
		}
		result := func(outputs string) { say(fmt.Sprintf(`{"type":"result","id":%d,"outputs":%s}`, m.ID, outputs)) }
		switch {
		case m.Type == "hello" && how == "silent":
			fmt.Fprintln(os.Stderr, "no licence")
			os.Exit(3)
		case m.Type == "hello":
			nodes, ok := described[how]
			if !ok {
				nodes = described[""]
			}
			version := 1
			if how == "newer" {
				version = 2
			}
			say(fmt.Sprintf(`{"type":"schema","protocol":%d,"nodes":%s}`, version, strings.ReplaceAll(strings.ReplaceAll(nodes, "\n", ""), "\t", "")))
		case m.Type == "cancel" || m.Type == "fingerprint":
		case m.Type == "free":
			for _, h := range m.Handles {
				delete(things, h)
			}
		case how == "dies":
			fmt.Fprintln(os.Stderr, "Traceback: out of ideas")
			os.Exit(7)
		case how == "hangs":
			select {}
		case how == "longline":
			say(`{"type":"` + strings.Repeat("x", longestLine) + `"}`)
		case how == "refuses":
			say(fmt.Sprintf(`{"type":"error","id":%d,"message":"too dark","input":"image"}`, m.ID))
		case m.Class == "Make":
			things["t"] = string(m.Inputs["n"])
			result(`[{"handle":"t"}]`)
		case m.Class == "Use":
			result("[" + things["t"] + "]")
		case m.Class == "Count":
			result(`[[1,2,3]]`)
		case how == "shape" || how == "nan" || how == "nofile" || how == "number" || how == "two":
			outputs := map[string]string{"number": "[5]", "two": "[1,2]"}[how]
			if outputs == "" {
				t := tensor.New(2, 2)
				if how == "nan" {
					t = tensor.Full(float32(0), 1, 1, 1, 3)
					t.Data[1] /= t.Data[0]
				}
				if how != "nofile" {
					write(filepath.Join(m.Folder, "o.safetensors"), t)
				}
				outputs = `[{"type":"IMAGE","file":"o.safetensors"}]`
			}
			result(outputs)
		default:
			say("a print of somebody's")
			say(fmt.Sprintf(`{"type":"progress","id":%d,"value":1,"max":2}`, m.ID))
			var file struct{ File string }
			if err := json.Unmarshal(m.Inputs["image"], &file); err != nil {
				panic(err)
			}
			f, err := weights.Open(file.File)
			if err != nil {
				panic(err)
			}
			t, err := f.Float32("image")
			if err != nil {
				panic(err)
			}
			for i := range t.Data {
				t.Data[i] = 1 - t.Data[i]
			}
			write(filepath.Join(m.Folder, "o.safetensors"), t)
			result(`[{"type":"IMAGE","file":"o.safetensors"}]`)
		}
	}
}

func write(path string, t *tensor.Tensor) {
	if err := weights.Save(context.Background(), path, nil, []weights.Entry{weights.Float32Entry("image", t)}); err != nil {
		panic(err)
	}
}

// Here is a class that is there already.
type Here struct {
	_ graph.Meta `category:"test"`

	Image runtime.Image `optional:"true"`
}

func (Here) Run(context.Context) (runtime.Image, error) {
	return runtime.Image{Tensor: tensor.Full(0.25, 1, 2, 2, 3)}, nil
}

// See keeps what it is given.
type See struct {
	_ graph.Meta `category:"test" output:"true"`

	Value any
}

var seen []any

func (n See) Run(context.Context) error { seen = append(seen, n.Value); return nil }

// packFolder is a folder with one pack.
func packFolder(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "mine"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "mine", manifestName), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func behaving(t *testing.T, how string) string {
	t.Helper()
	return packFolder(t, fmt.Sprintf(`{"command": [%q, "as-pack", %q], "protocol": 1}`, os.Args[0], how))
}

// studio is an engine with a pack.
type studio struct {
	*graph.Engine
	set      *Set
	problems []error
	progress int
}

func open(t *testing.T, dir string) *studio {
	t.Helper()
	built, err := graph.New(graph.Declare[Here](), graph.Declare[See]())
	if err != nil {
		t.Fatal(err)
	}
	classes, set, problems := Find(t.Context(), dir, filepath.Join(dir, "cache"), built)
	t.Cleanup(func() {
		if err := set.Close(); err != nil {
			t.Error(err)
		}
	})
	return &studio{Engine: graph.NewEngine(classes, graph.Config{}), set: set, problems: problems}
}

// run runs a prompt and returns what See was given.
func (s *studio) run(ctx context.Context, t *testing.T, prompt string) ([]any, error) {
	t.Helper()
	if len(s.problems) > 0 {
		t.Fatal(s.problems)
	}
	o, err := ojson.ParseObject([]byte(prompt), ojson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	v := s.Validate(o, nil)
	if err := v.Err(); err != nil {
		return nil, err
	}
	seen = nil
	_, err = s.Run(ctx, graph.Request{PromptID: "test", Prompt: o, Outputs: v.Outputs}, func(e graph.Event) {
		if e.Type == graph.EventProgress {
			s.progress++
		}
	})
	return seen, err
}

const turn = `{"1": {"class_type": "Here", "inputs": {}}, "2": {"class_type": "Turn", "inputs": {"image": ["1", 0], "by": 1}}, "3": {"class_type": "See", "inputs": {"value": ["2", 0]}}}`

// TestPack: a picture goes there and back, values stay in the program, lists come out as such; what it prints does no harm.
func TestPack(t *testing.T) {
	s := open(t, behaving(t, "good"))
	got, err := s.run(t.Context(), t, turn)
	if err != nil {
		t.Fatal(err)
	}
	if picture, ok := got[0].(runtime.Image); !ok || picture.Dim(2) != 2 || picture.Data[5] != 0.75 {
		t.Errorf("the picture came back as %v", got)
	}
	if s.progress == 0 {
		t.Error("its progress was not told")
	}
	got, err = s.run(t.Context(), t, `{"1": {"class_type": "Make", "inputs": {"n": 7}}, "2": {"class_type": "Use", "inputs": {"thing": ["1", 0]}}, "3": {"class_type": "See", "inputs": {"value": ["2", 0]}},
		"4": {"class_type": "Count", "inputs": {"n": 3}}, "5": {"class_type": "See", "inputs": {"value": ["4", 0]}}}`)
	if err != nil || fmt.Sprint(got) != "[7 1 2 3]" && fmt.Sprint(got) != "[1 2 3 7]" {
		t.Errorf("got %v: %v", got, err)
	}
	if c := s.set.packs[0]; c.running == nil {
		t.Error("the program did not stay")
	}
}

// TestPackIsAskedOnce: what nodes a pack has is kept until a file of it changes.
func TestPackIsAskedOnce(t *testing.T) {
	dir := behaving(t, "good")
	first := open(t, dir)
	if first.set.packs[0].running == nil {
		t.Fatal("the pack was not asked")
	}
	for _, same := range []string{".cache/x", "__pycache__/x", "venv/pyvenv.cfg", "node_modules/x"} {
		if err := os.MkdirAll(filepath.Join(dir, "mine", filepath.Dir(same)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "mine", same), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if again := open(t, dir); again.set.packs[0].running != nil {
		t.Error("the pack was asked again")
	}
	if err := os.WriteFile(filepath.Join(dir, "mine", "new.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if changed := open(t, dir); changed.set.packs[0].running == nil {
		t.Error("the pack was not asked after a change")
	}
}

// TestPackFails: what goes wrong in the program fails the node, with what it said, and the next run starts it again.
func TestPackFails(t *testing.T) {
	for how, says := range map[string]string{
		"dies":     "out of ideas",
		"refuses":  "input image: too dark",
		"shape":    "has the shape [2 2]; want [B,H,W,C]",
		"nan":      "all must be finite",
		"nofile":   "there is no file o.safetensors",
		"number":   `it is a number; a {"file": …} is needed`,
		"two":      "it gave 2 outputs and declares 1",
		"longline": "a line of its output cannot be read",
	} {
		t.Run(how, func(t *testing.T) {
			s := open(t, behaving(t, how))
			for range 2 {
				if _, err := s.run(t.Context(), t, turn); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "node pack mine") {
					t.Errorf("error %v; want %q of the pack mine", err, says)
				}
			}
		})
	}
}

// TestPackHangs: a run that is cancelled ends although the program does not answer, and takes the program with it.
func TestPackHangs(t *testing.T) {
	s := open(t, behaving(t, "hangs"))
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	start := time.Now()
	if _, err := s.run(ctx, t, turn); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want a cancelled run", err)
	}
	if took := time.Since(start); took > 4*grace {
		t.Errorf("it took %v", took)
	}
	p := s.set.packs[0].running
	select {
	case <-p.ended:
	case <-time.After(grace):
		t.Error("the program still runs")
	}
}

// TestHandlesAreLost: a value that lay in a program that stopped is gone, and the message says what to do.
func TestHandlesAreLost(t *testing.T) {
	s := open(t, behaving(t, "good"))
	if _, err := s.run(t.Context(), t, `{"1": {"class_type": "Make", "inputs": {"n": 7}}, "3": {"class_type": "See", "inputs": {"value": ["1", 0]}}}`); err != nil {
		t.Fatal(err)
	}
	p := s.set.packs[0].running
	p.kill()
	<-p.ended
	_, err := s.run(t.Context(), t, `{"1": {"class_type": "Make", "inputs": {"n": 7}}, "2": {"class_type": "Use", "inputs": {"thing": ["1", 0]}}, "3": {"class_type": "See", "inputs": {"value": ["2", 0]}}}`)
	if err == nil || !strings.Contains(err.Error(), "was lost when the program of the pack stopped") {
		t.Errorf("error %v", err)
	}
}

// TestBadPacks are named with the reason, and keep no other class out.
func TestBadPacks(t *testing.T) {
	for name, tt := range map[string]struct{ dir, says string }{
		"no JSON":               {packFolder(t, "hello"), "invalid character"},
		"no command":            {packFolder(t, `{"protocol": 1}`), `no command; write {"command"`},
		"a word too much":       {packFolder(t, `{"command": ["x"], "protokoll": 1}`), "protokoll"},
		"a newer manifest":      {packFolder(t, `{"command": ["x"], "protocol": 2}`), "protocol 2; this oneactor speaks 1"},
		"no such program":       {packFolder(t, `{"command": ["/nowhere/at all"], "protocol": 1}`), "cannot be started"},
		"it ends at once":       {behaving(t, "silent"), "no licence"},
		"a newer program":       {behaving(t, "newer"), "it speaks protocol 2"},
		"a class that is there": {behaving(t, "taken"), "node Here: there is such a class already"},
		"it wants a model":      {behaving(t, "model"), "input m is a model, which cannot leave oneactor"},
		"a bad description":     {behaving(t, "description"), "class A: input x: it is a string"},
		"a list of nodes":       {behaving(t, "list"), "an object {…} is needed"},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, tt.dir)
			if len(s.problems) != 1 || !strings.Contains(s.problems[0].Error(), tt.says) || !strings.Contains(s.problems[0].Error(), "mine") {
				t.Errorf("problems %v; want %q", s.problems, tt.says)
			}
		})
	}
}
