package chaos

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestJudge breaks each promise once.
func TestJudge(t *testing.T) {
	good := func() ([]sent, found) {
		return []sent{{"a", 1, true}, {"b", 2, true}, {"c", 3, false}, {"d", 4, false}},
			found{entries: []entry{{"a", 0, "success", []string{"1.png", "1b.png"}}, {"b", 1, "success", []string{"2.png", "2b.png"}}, {"c", 2, "success", []string{"3.png", "3b.png"}}},
				files: map[string]int{"1.png": 1, "1b.png": 1, "2.png": 2, "2b.png": 2, "3.png": 3, "3b.png": 3}}
	}
	tests := map[string]struct {
		change func(f *found)
		want   string
	}{
		"nothing":      {func(*found) {}, ""},
		"a lost job":   {func(f *found) { f.entries = f.entries[1:]; delete(f.files, "1.png"); delete(f.files, "1b.png") }, "accepted jobs lost: 1 (a)"},
		"a lost file":  {func(f *found) { delete(f.files, "2b.png") }, "accepted jobs lost: 1 (b: its file 2b.png)"},
		"a failed job": {func(f *found) { f.entries[0].status = "error" }, "jobs that failed: 1 (a: error)"},
		"three files":  {func(f *found) { f.entries[0].files = append(f.entries[0].files, "9.png"); f.files["9.png"] = 1 }, "jobs with a second output: 1 (a has 3 files)"},
		"one file of two": {func(f *found) {
			f.entries[1].files = []string{"1.png", "2b.png"}
			f.files = map[string]int{"1.png": 1, "1b.png": 1, "2b.png": 2, "3.png": 3, "3b.png": 3}
		}, "jobs with a second output: 1"},
		"a damaged file":  {func(f *found) { f.files["1.png"] = -1 }, "damaged files: 1 (1.png)"},
		"another content": {func(f *found) { f.files["1.png"] = 2 }, "files of another content: 1"},
		"a stray file":    {func(f *found) { f.files["4.png"] = 1 }, "files of no job: 1 (4.png)"},
		"the wrong order": {func(f *found) { f.entries[0], f.entries[1] = f.entries[1], f.entries[0] }, "jobs out of order: 1"},
		"given up after three": {func(f *found) {
			f.entries[0].status, f.entries[0].files, f.tries = "error", nil, map[string]int{"a": 3}
		}, "because three processes were killed while they ran them: 1"},
		"given up too early": {func(f *found) {
			f.entries[0].status, f.entries[0].files, f.tries = "error", nil, map[string]int{"a": 2}
		}, "jobs that failed: 1 (a: error)"},
		"an unsure one bad": {func(f *found) { f.files["3.png"] = -1 }, "damaged files: 1 (3.png)"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			jobs, f := good()
			tt.change(&f)
			r := f.judge(jobs, true)
			if (r.err() == nil) != (tt.want == "" || name == "given up after three") {
				t.Errorf("error %v", r.err())
			}
			if !strings.Contains(r.String(), tt.want) {
				t.Errorf("the report lacks %q:\n%s", tt.want, r)
			}
			if !strings.Contains(r.String(), "accepted: 2; answers lost in a kill: 2, of which 1") {
				t.Errorf("counts:\n%s", r)
			}
		})
	}
}

// TestHits: a trial whose kills meet mostly idle processes proves too little, and says so.
func TestHits(t *testing.T) {
	tests := map[string]struct {
		hits
		certain int
		enough  bool
	}{
		"one process, half":      {hits{kills: 10, accepting: 5, running: 3}, 5, true},
		"one process, too few":   {hits{kills: 10, accepting: 4, running: 4}, 4, false},
		"workers, together half": {hits{kills: 10, accepting: 2, running: 3, apart: true}, 5, true},
		"workers, too few":       {hits{kills: 10, accepting: 2, running: 2, apart: true}, 4, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := report{hits: tt.hits}
			if got := tt.hits.certain(); got != tt.certain || (r.err() == nil) != tt.enough {
				t.Errorf("certain %d, error %v", got, r.err())
			}
		})
	}
}

func TestReadHistory(t *testing.T) {
	list, err := readHistory([]byte(`{"z": {"prompt": [3, "z", {}], "outputs": {"2": {"images": [{"filename": "1.png"}]}}, "status": {"status_str": "success"}}, "a": {"prompt": [4.5]}}`))
	if err != nil || len(list) != 2 || list[0].id != "z" || list[0].number != 3 || list[0].files[0] != "1.png" || list[0].status != "success" || list[1].number != 4.5 {
		t.Errorf("%+v (%v)", list, err)
	}
	if _, err := readHistory([]byte(`{"a": {`)); err == nil {
		t.Error("a history that is cut off is read")
	}
}

func TestColourOf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.png")
	img := image.NewRGBA(image.Rect(0, 0, 4, 4))
	for i := range 16 {
		img.Set(i%4, i/4, color.RGBA{1, 2, 3, 255})
	}
	save := func() {
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := png.Encode(f, img); err != nil {
			t.Fatal(err)
		}
	}
	save()
	if got := colourOf(path); got != 0x010203 {
		t.Errorf("colour %x", got)
	}
	img.Set(3, 3, color.White)
	save()
	if got := colourOf(path); got != -1 {
		t.Errorf("two colours are %x", got)
	}
	if err := os.Truncate(path, 60); err != nil {
		t.Fatal(err)
	}
	if got := colourOf(path); got != -1 {
		t.Errorf("half a file is %x", got)
	}
}
