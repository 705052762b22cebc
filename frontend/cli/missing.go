package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/graph/comfy"
)

// missingFile is a line of oneactor models --missing --json.
type missingFile struct {
	Name        string        `json:"name"`
	Folder      string        `json:"folder"`
	Directories []string      `json:"directories"` // where it may be put
	Users       []missingUser `json:"used_by"`
	URL         string        `json:"url,omitempty"`
	Hash        string        `json:"hash,omitempty"`
	HashType    string        `json:"hash_type,omitempty"`
	Workflow    string        `json:"workflow"`
}

type missingUser struct {
	Node  string `json:"node"`
	Class string `json:"class_type"`
	Title string `json:"title,omitempty"`
	Input string `json:"input"`
}

// modelsMissing lists what workflows need and the model folders lack.
func (a *app) modelsMissing(ctx context.Context, files []string, asJSON bool) error {
	s, err := a.session(ctx)
	if err != nil {
		return err
	}
	defer s.host.Close()
	list := []missingFile{}
	for _, path := range files {
		file, err := s.read(ctx, path)
		if err != nil {
			return err
		}
		found, err := s.missing(path, file)
		if err != nil {
			return failure{exitFailed, err}
		}
		list = append(list, found...)
		if u := file.Unknown(s.definitions()); u != nil {
			a.say(fmt.Errorf("%s: what nodes of unknown classes need is not known: %s", nameOf(path), nodeNames(u.Nodes)))
		}
	}
	if asJSON {
		return writeJSON(a.Out, list)
	}
	if len(list) == 0 {
		a.say(errors.New("nothing is missing"))
	}
	for _, m := range list {
		if _, err := fmt.Fprintln(a.Out, m.text()); err != nil {
			return err
		}
	}
	return nil
}

func (m missingFile) text() string {
	lines := []string{m.Folder + "/" + m.Name}
	for _, u := range m.Users {
		lines = append(lines, fmt.Sprintf("  for %s of node %s (%s)", u.Input, u.Node, firstOf(u.Title, u.Class)))
	}
	if len(m.Users) == 0 {
		lines = append(lines, "  listed by the workflow")
	}
	if len(m.Directories) > 0 {
		lines = append(lines, "  put it into "+strings.Join(m.Directories, " or "))
	}
	if m.URL != "" {
		lines = append(lines, "  get it from "+m.URL)
	}
	if m.Hash != "" {
		lines = append(lines, "  "+strings.TrimSpace(m.HashType+" "+m.Hash))
	}
	return strings.Join(lines, "\n")
}

// missing lists the files that one workflow lacks.
func (s *session) missing(path string, file *comfy.File) ([]missingFile, error) {
	folders, err := s.host.Folders()
	if err != nil {
		return nil, err
	}
	var list []missingFile
	for _, m := range file.Missing(s.definitions(), func(folder, name string) bool { return s.has(folders, folder, name) }) {
		out := missingFile{Name: m.Name, Folder: m.Folder, Users: []missingUser{}, URL: m.URL, Hash: m.Hash, HashType: m.HashType, Workflow: nameOf(path)}
		for _, f := range folders {
			if f.Key == m.Folder {
				out.Directories = f.Directories
			}
		}
		if m.Folder == "input" {
			out.Directories = []string{s.host.Path("input", "", "")}
		}
		for _, u := range m.Users {
			out.Users = append(out.Users, missingUser{u.ID, u.Class, u.Title, u.Input})
		}
		list = append(list, out)
	}
	return list, nil
}

// has says whether a file is installed. Pictures may be named with their folder, "a.png [output]"; textual inversions without their ending.
func (s *session) has(folders []frontend.Folder, folder, name string) bool {
	if folder == "input" {
		root := "input"
		for _, r := range []string{"input", "output", "temp"} {
			if rest, ok := strings.CutSuffix(name, " ["+r+"]"); ok {
				name, root = rest, r
			}
		}
		_, err := os.Stat(s.host.Path(root, "", name))
		return err == nil
	}
	for _, f := range folders {
		if f.Key != folder {
			continue
		}
		return slices.ContainsFunc(f.Models, func(m string) bool {
			if folder != "embeddings" {
				return m == name
			}
			return strings.TrimSuffix(m, path.Ext(m)) == strings.TrimSuffix(name, path.Ext(m)) || strings.TrimSuffix(path.Base(m), path.Ext(m)) == name
		})
	}
	// A list that is no folder, such as the VAEs that need no file.
	names, _ := s.host.Choices(folder)
	return slices.Contains(names, name)
}
