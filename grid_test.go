package main

import (
	"encoding/json"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// plainPicture makes a picture, cuts it, mixes it with itself and saves it.
const plainPicture = `{"1": {"class_type": "EmptyImage", "inputs": {"width": 16, "height": 16, "batch_size": 1, "color": 255}, "_meta": {"title": "Start"}},
	"2": {"class_type": "ImageScale", "inputs": {"image": ["1", 0], "upscale_method": "bilinear", "width": 8, "height": 8, "crop": "disabled"}, "_meta": {"title": "Scale"}},
	"3": {"class_type": "ImageBlend", "inputs": {"image1": ["2", 0], "image2": ["2", 0], "blend_factor": 0.5, "blend_mode": "normal"}, "_meta": {"title": "Blend"}},
	"4": {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "p"}}}`

// executions counts how often each node ran, by the messages of a run with --json.
func executions(t *testing.T, out string) map[string]int {
	t.Helper()
	ran := map[string]int{}
	for line := range strings.Lines(out) {
		var m struct {
			Type string
			Data struct{ Node *string }
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if m.Type == "executing" && m.Data.Node != nil {
			ran[*m.Data.Node]++
		}
	}
	return ran
}

// TestGrid: one picture for each pair, one sheet, and what a value does not change is computed once, in whatever order the inputs are named.
func TestGrid(t *testing.T) {
	for _, grids := range [][]string{{"Scale.width=4..8 step 2", "Blend.blend_mode=multiply, SCREEN"}, {"3.blend_mode=multiply,screen", "2.width=4,6,8"}} {
		t.Run(grids[0], func(t *testing.T) {
			base := t.TempDir()
			got := call{args: []string{"run", "-", "--base-directory", base, "--json", "--grid", grids[0], "--grid", grids[1]}, stdin: plainPicture}.run(t)
			got.check(t, 0)
			if ran := executions(t, got.out); ran["1"] != 1 || ran["2"] != 3 || ran["3"] != 6 || ran["4"] != 6 {
				t.Errorf("nodes ran %v times; want the first once, the second once a width, the others once a picture", ran)
			}
			files := names(t, filepath.Join(base, "output"))
			if len(files) != 7 || !slices.Contains(files, "p-grid_00001_.png") {
				t.Fatalf("output holds %q, want six pictures and a sheet", files)
			}
			if pair := slices.IndexFunc(files, func(f string) bool { return strings.Contains(f, "width6") && strings.Contains(f, "blend_modescreen") }); pair < 0 {
				t.Errorf("no name tells width 6 and screen: %q", files)
			}
			sheet := filepath.Join(base, "output", "p-grid_00001_.png")
			f, err := os.Open(sheet)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if size, err := png.DecodeConfig(f); err != nil || size.Width < 500 || size.Height < 500 {
				t.Errorf("the sheet is %v, %v", size, err)
			}
			oneactor(t, "convert", sheet, "--base-directory", base).check(t, 0)
		})
	}
}

// TestGridFails: a cell that fails leaves a gap and the exit code.
func TestGridFails(t *testing.T) {
	base := t.TempDir()
	got := call{args: []string{"run", "-", "--base-directory", base, "--grid", "Scale.width=8,99999999"}, stdin: plainPicture}.run(t)
	got.check(t, 2, "1 of 2 pictures failed: width 99999999", "node 2 (ImageScale)")
	if files := names(t, filepath.Join(base, "output")); !slices.Equal(files, []string{"p-grid_00001_.png", "p-width8_00001_.png"}) {
		t.Errorf("output holds %q", files)
	}
}

func TestGridUsage(t *testing.T) {
	many := strings.TrimSuffix(strings.Repeat("1,", 1001), ",")
	tests := map[string]struct {
		args []string
		says string
	}{
		"no values":            {[]string{"--grid", "Scale.width"}, "NODE.INPUT=VALUES"},
		"no node":              {[]string{"--grid", "Nobody.width=1"}, "1 (Start), 2 (Scale)"},
		"no input":             {[]string{"--grid", "Scale.with=1"}, "it has upscale_method, width"},
		"not a number":         {[]string{"--grid", "Scale.width=8,wide"}, `"wide" is not a whole number`},
		"a step to nowhere":    {[]string{"--grid", "Scale.width=8..4 step 2"}, "never gets"},
		"half a pixel":         {[]string{"--grid", "Scale.width=8..9 step 0.5"}, "8.5 is not a whole number"},
		"too many":             {[]string{"--grid", "Scale.width=" + many}, "more than 1000"},
		"too many pairs":       {[]string{"--grid", "Scale.width=1..100", "--grid", "Scale.height=1..100"}, "10000 pictures"},
		"a range of thousands": {[]string{"--grid", "Scale.width=1..1e9"}, "more than 1000"},
		"three":                {[]string{"--grid", "2.width=1", "--grid", "2.height=1", "--grid", "1.color=1"}, "two at most"},
		"the same":             {[]string{"--grid", "2.width=1", "--grid", "Scale.width=2"}, "both are 2.width"},
		"no file":              {[]string{"--grid", "4.filename_prefix=@none.txt"}, "none.txt"},
		"with each":            {[]string{"--grid", "2.width=1", "--each", "."}, "do not go together"},
		"skip-done alone":      {[]string{"--skip-done"}, "is for --each"},
		"each, nothing there":  {[]string{"--each", "nowhere"}, "no such file"},
		"each, no LoadImage":   {[]string{"--each", "docs"}, "loads no picture"},
		"each, lines for what": {[]string{"--each", "LICENSE"}, "say which input the lines are for"},
		"each, not a picture":  {[]string{"--each", "Scale.width=docs"}, "loads no picture"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := call{args: append([]string{"run", "-", "--base-directory", t.TempDir()}, tt.args...), stdin: plainPicture}.run(t)
			got.check(t, 2, tt.says)
		})
	}
	oneactor(t, "run", demoWorkflow, demoWorkflow, "--grid", "5.steps=1").check(t, 2, "for one workflow")
}

const invert = `{"1": {"class_type": "LoadImage", "inputs": {"image": "x.png"}, "_meta": {"title": "Photo"}},
	"2": {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}},
	"3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "out/neg"}, "_meta": {"title": "Save"}}}`

// TestEach runs over a folder of pictures, one of which is broken; then again, only for that one.
func TestEach(t *testing.T) {
	base, photos := t.TempDir(), t.TempDir()
	got := call{args: []string{"run", "-", "--base-directory", base}, stdin: plainPicture}.run(t)
	got.check(t, 0)
	picture := read(t, strings.TrimSpace(got.out))
	for _, name := range []string{"a.png", "b c.png", "sub/no.png", ".hidden.png", "note.txt"} {
		write(t, filepath.Join(photos, name), picture)
	}
	write(t, filepath.Join(photos, "broken.png"), picture[:40])
	each := []string{"run", "-", "--base-directory", base, "--each", photos}
	got = call{args: each, stdin: invert}.run(t)
	got.check(t, 1, "1 of 3 rows failed: 3 (broken)")
	want := []string{"out/neg-a_00001_.png", "out/neg-b_c_00001_.png", "p_00001_.png"}
	if files := names(t, filepath.Join(base, "output")); !slices.Equal(files, want) {
		t.Fatalf("output holds %q, want %q", files, want)
	}
	write(t, filepath.Join(photos, "broken.png"), picture)
	got = call{args: append(each, "--skip-done", "--json"), stdin: invert}.run(t)
	got.check(t, 0, "2 of 3 rows were done already")
	if strings.Count(got.out, `"status": "skipped"`) != 2 || strings.Count(got.out, `"status": "done"`) != 1 {
		t.Errorf("stdout %s", got.out)
	}
	if files := names(t, filepath.Join(base, "output")); len(files) != 4 || !slices.Contains(files, "out/neg-broken_00001_.png") {
		t.Errorf("output holds %q", files)
	}
	// Pictures of the input folder keep their names, so that the saved workflow runs again.
	write(t, filepath.Join(base, "input", "set", "d.png"), picture)
	got = call{args: []string{"run", "-", "--base-directory", base, "--each", "Photo=" + filepath.Join(base, "input", "set")}, stdin: invert}.run(t)
	got.check(t, 0)
	again := oneactor(t, "convert", strings.TrimSpace(got.out), "--base-directory", base)
	again.check(t, 0)
	if !strings.Contains(again.out, `"image": "set/d.png"`) {
		t.Errorf("the saved workflow is %s", again.out)
	}
}

// TestEachTable runs over rows of a CSV file, two of them wrong.
func TestEachTable(t *testing.T) {
	base, dir := t.TempDir(), t.TempDir()
	table := filepath.Join(dir, "rows.csv")
	write(t, table, []byte("\ufeffname,Scale.width,3.blend_mode,Start.color\n first ,4,screen,\n,wide,screen,1\nfirst,6,Nothing,2\n\"x/y, z\",6,,3\n"))
	got := call{args: []string{"run", "-", "--base-directory", base, "--each", table}, stdin: plainPicture}.run(t)
	got.check(t, 2, "2 of 4 rows failed: 2 (002), 3 (first-2)", `Scale.width: "wide" is not a whole number`, `"Nothing" is not in the list`)
	want := []string{"p-first_00001_.png", "p-x_y__z_00001_.png"}
	if files := names(t, filepath.Join(base, "output")); !slices.Equal(files, want) {
		t.Errorf("output holds %q, want %q", files, want)
	}
	for name, text := range map[string]string{
		"semicolons":            "name;Scale.width\nsemi;4\n",
		"tabs":                  "name\tScale.width\ntab\t4\n",
		"a quoted name":         "\ufeff\"name\",Scale.width\nquoted,4\n",
		"a comma in a quote":    "\"name\";\"Scale.width\"\n\"a,b;c\";4\n",
		"lines of another kind": "name,Scale.width\r\nlines,4\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			write(t, table, []byte(text))
			call{args: []string{"run", "-", "--base-directory", t.TempDir(), "--each", table}, stdin: plainPicture}.run(t).check(t, 0)
		})
	}
	for name, tt := range map[string]struct{ text, says string }{
		"no rows":       {"Scale.width\n", "no rows"},
		"empty":         {"", "the file is empty"},
		"no such input": {"Scale.with\n1\n", "it has upscale_method, width"},
		"several":       {"Scale\n1\n", "node 2 (ImageScale) has several values"},
		"ragged":        {"Scale.width,Scale.height\n1\n", "wrong number of fields"},
	} {
		t.Run(name, func(t *testing.T) {
			write(t, table, []byte(tt.text))
			call{args: []string{"run", "-", "--base-directory", base, "--each", table}, stdin: plainPicture}.run(t).check(t, 2, tt.says)
		})
	}
	lines := filepath.Join(dir, "prefixes.txt")
	write(t, lines, []byte("one\n\ntwo\n"))
	got = call{args: []string{"run", "-", "--base-directory", base, "--each", "4=" + lines}, stdin: plainPicture}.run(t)
	got.check(t, 0)
	if want := fmt.Sprintf("%s\n%s\n", filepath.Join(base, "output", "one-001_00001_.png"), filepath.Join(base, "output", "two-002_00001_.png")); got.out != want {
		t.Errorf("stdout %q, want %q", got.out, want)
	}
}
