package cli

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
)

// picturesKey is the list of an input that loads a picture.
const picturesKey = "input/pictures"

// row is one run of run --each.
type row struct {
	name  string // part of the names of its files; rows have different ones
	cells []cell
}

// cell is a text for an input.
type cell struct {
	column string // as the user names the input
	id     string
	input  *graph.Input
	text   string
	dir    string // where a picture is looked for
	file   bool   // the text is a path, not a name in the input folder
}

// rows reads what --each names: a folder, a file, or NODE.INPUT= and one of these.
func (r *runner) rows(prompt *ojson.Object, source string) ([]row, error) {
	path, into := source, ""
	if left, right, ok := strings.Cut(source, "="); ok {
		if _, err := os.Stat(source); err != nil {
			into, path = left, right
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	var rows []row
	switch ext := strings.ToLower(filepath.Ext(path)); {
	case info.IsDir():
		rows, err = r.folderRows(prompt, path, into)
	case ext == ".csv" || ext == ".tsv":
		if into != "" {
			return nil, fmt.Errorf("%s is not needed: the columns of the file name the inputs", into)
		}
		rows, err = r.tableRows(prompt, path, ext == ".tsv")
	default:
		rows, err = r.lineRows(prompt, path, into)
	}
	if err != nil {
		return nil, err
	}
	seen := map[string]int{}
	for i := range rows {
		name := rows[i].name
		if seen[name]++; seen[name] > 1 {
			rows[i].name = fmt.Sprintf("%s-%d", name, seen[name])
		}
	}
	return rows, nil
}

var pictureEndings = []string{".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"}

// folderRows has a row for each picture, in the order of names.
func (r *runner) folderRows(prompt *ojson.Object, dir, into string) ([]row, error) {
	id, in, err := r.pictureInput(prompt, into)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, e := range entries {
		ext := filepath.Ext(e.Name())
		if e.IsDir() || !slices.Contains(pictureEndings, strings.ToLower(ext)) || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		name := firstOf(fileName(strings.TrimSuffix(e.Name(), ext)), fmt.Sprintf("%03d", len(rows)+1))
		rows = append(rows, row{name, []cell{{in.Name, id, in, e.Name(), dir, true}}})
	}
	if len(rows) == 0 {
		return nil, errors.New("no pictures in the folder")
	}
	return rows, nil
}

// pictureInput is the input that loads a picture: the one named, or the only one of the workflow.
func (r *runner) pictureInput(prompt *ojson.Object, into string) (id string, in *graph.Input, err error) {
	if into != "" {
		id, in, err = r.column(prompt, into)
		if err == nil && in.ChoicesKey != picturesKey {
			err = fmt.Errorf("%s loads no picture", into)
		}
		return id, in, err
	}
	var found []string
	for node := range prompt.All() {
		class := r.registry.Class(prompt.Object(node).String("class_type"))
		if class == nil {
			continue
		}
		for _, i := range class.Inputs {
			if i.ChoicesKey == picturesKey {
				found = append(found, node+"."+i.Name)
				id, in = node, i
			}
		}
	}
	switch len(found) {
	case 0:
		return "", nil, errors.New("the workflow loads no picture; a folder needs a LoadImage node")
	case 1:
		return id, in, nil
	}
	return "", nil, fmt.Errorf("the workflow loads several pictures; say which, as in --each %s=FOLDER: %s", found[0], some(found))
}

// column is the input that a column stands for: NODE.INPUT, or a node that has one value, or one text.
func (r *runner) column(prompt *ojson.Object, name string) (id string, in *graph.Input, err error) {
	if id, err := findNode(prompt, name); err == nil {
		in, err := r.onlyInput(prompt, id)
		return id, in, err
	}
	t, ok := parseTarget(name)
	if !ok {
		_, err := findNode(prompt, name)
		return "", nil, err
	}
	return t.find(prompt, r.registry)
}

func (r *runner) onlyInput(prompt *ojson.Object, id string) (*graph.Input, error) {
	class := r.registry.Class(prompt.Object(id).String("class_type"))
	if class == nil {
		return nil, fmt.Errorf("node %s has an unknown class", id)
	}
	var all, texts []*graph.Input
	for _, in := range class.Inputs {
		if in.Widget() {
			all = append(all, in)
			if in.Type == graph.TypeString {
				texts = append(texts, in)
			}
		}
	}
	switch {
	case len(all) == 1:
		return all[0], nil
	case len(texts) == 1:
		return texts[0], nil
	}
	return nil, fmt.Errorf("node %s (%s) has several values; name one, as in %s.INPUT", id, class.Name, id)
}

// lineRows has a row for each line of a text file.
func (r *runner) lineRows(prompt *ojson.Object, path, into string) ([]row, error) {
	if into == "" {
		return nil, errors.New("say which input the lines are for, as in --each Prompt.text=FILE; a CSV file says it in its first row")
	}
	id, in, err := r.column(prompt, into)
	if err != nil {
		return nil, err
	}
	lines, err := fileLines(path)
	if err != nil {
		return nil, err
	}
	var rows []row
	for i, line := range lines {
		rows = append(rows, row{fmt.Sprintf("%03d", i+1), []cell{{into, id, in, line, filepath.Dir(path), false}}})
	}
	return rows, nil
}

// nameColumn is a column with names for the rows instead of values.
const nameColumn = "name"

// byteOrderMark begins the files of some programs.
const byteOrderMark = "\ufeff"

// separator is what stands between the names in the first line: a comma, or the semicolon or tab that spreadsheets of some countries write.
func separator(r *bufio.Reader) rune {
	head, _ := r.Peek(r.Size()) // as much as there is
	line, _, _ := strings.Cut(string(head), "\n")
	best, most := ',', 0
	for _, c := range ",;\t" {
		n, quoted := 0, false
		for _, k := range line {
			switch {
			case k == '"':
				quoted = !quoted
			case k == c && !quoted:
				n++
			}
		}
		if n > most {
			best, most = c, n
		}
	}
	return best
}

// tableRows reads a CSV file. Its first row names inputs; an empty cell leaves what the workflow has.
func (r *runner) tableRows(prompt *ojson.Object, path string, tabs bool) ([]row, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text := bufio.NewReader(f)
	if mark, _ := text.Peek(len(byteOrderMark)); string(mark) == byteOrderMark {
		_, _ = text.Discard(len(byteOrderMark)) // which Peek has shown
	}
	reader := csv.NewReader(text)
	reader.Comma = separator(text)
	if tabs {
		reader.Comma, reader.LazyQuotes = '\t', true
	}
	head, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty; its first row names the inputs")
	}
	if err != nil {
		return nil, err
	}
	columns := make([]cell, len(head))
	names := -1
	for i, name := range head {
		name = strings.TrimSpace(name)
		id, in, err := r.column(prompt, name)
		if err != nil && strings.EqualFold(name, nameColumn) && names < 0 {
			names = i
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", name, err)
		}
		columns[i] = cell{column: name, id: id, input: in, dir: filepath.Dir(path)}
	}
	var rows []row
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		one := row{name: fmt.Sprintf("%03d", len(rows)+1)}
		for i, text := range record {
			if i == names {
				one.name = firstOf(fileName(text), one.name)
			} else if c := columns[i]; text != "" {
				c.text = text
				one.cells = append(one.cells, c)
			}
		}
		rows = append(rows, one)
	}
	if len(rows) == 0 {
		return nil, errors.New("there are no rows below the first one")
	}
	return rows, nil
}
