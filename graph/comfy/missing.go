package comfy

import (
	"regexp"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/graph/ojson"
)

// MissingFile is a file that a workflow names and that is not installed.
type MissingFile struct {
	Name   string // as the workflow has it
	Folder string // key of the model folder it belongs into, such as "checkpoints", or "input" for pictures; "" if that is not known
	Users  []FileUser
	// URL, Hash and HashType are what the workflow says about where to get it; "" where it says nothing.
	URL, Hash, HashType string
}

// FileUser is an input that chooses a file.
type FileUser struct {
	NodeRef
	Input string
}

// embeddingName finds the textual inversions in a prompt.
var embeddingName = regexp.MustCompile(`embedding:([^\s,:()\[\]<>]+)`)

// Missing lists the files that the workflow needs and has does not know: the values of inputs that choose a file, the textual inversions that
// texts name, and files that the workflow itself lists for its nodes. A file is listed once, with all who use it.
func (f *File) Missing(definitions Definitions, has func(folder, name string) bool) []MissingFile {
	m := missing{file: f, carried: carriedModels(f.Workflow), has: has, graph: f.nodesByID(definitions)}
	for id := range f.Prompt.All() {
		node := f.Prompt.Object(id)
		class := definitions.Class(node.String("class_type"))
		if class == nil {
			continue
		}
		for name, v := range node.Object("inputs").All() {
			value, ok := v.(string)
			in := class.input(name)
			if !ok || in == nil {
				continue
			}
			if in.Folder != "" && !slices.Contains(in.Choices, value) {
				m.add(folderOf(in.Folder), value, id, name)
			}
			if in.Type == "STRING" {
				for _, match := range embeddingName.FindAllStringSubmatch(value, -1) {
					m.add("embeddings", match[1], id, name)
				}
			}
		}
	}
	for _, c := range m.carried {
		if !c.used && !has(c.folder, c.name) {
			m.list = append(m.list, MissingFile{Name: c.name, Folder: c.folder, URL: c.url, Hash: c.hash, HashType: c.hashType})
		}
	}
	return m.list
}

// folderOf is the folder behind the key of a list: "vae+virtual" has the files of vae and more, "input/pictures" those of the input folder
// that are pictures.
func folderOf(key string) string {
	key, _, _ = strings.Cut(key, "+")
	key, _, _ = strings.Cut(key, "/")
	return key
}

type missing struct {
	file    *File
	list    []MissingFile
	carried []*carriedModel
	has     func(folder, name string) bool
	graph   map[string]*uiNode
}

func (m *missing) add(folder, name, id, input string) {
	var carried carriedModel
	for _, c := range m.carried {
		if baseName(c.name) == baseName(name) && (c.folder == folder || carried.name == "") {
			c.used = true
			carried = *c
		}
	}
	if m.has(folder, name) {
		return
	}
	user := FileUser{m.file.ref(id, m.graph), input}
	for i := range m.list {
		if f := &m.list[i]; f.Name == name && f.Folder == folder {
			f.Users = append(f.Users, user)
			return
		}
	}
	m.list = append(m.list, MissingFile{Name: name, Folder: folder, Users: []FileUser{user}, URL: carried.url, Hash: carried.hash, HashType: carried.hashType})
}

func baseName(name string) string { return name[strings.LastIndexAny(name, `/\`)+1:] }

// carriedModel is an entry of a "models" list.
type carriedModel struct {
	name, folder, url, hash, hashType string
	used                              bool
}

// carriedModels reads the lists of a UI graph: its own, those of its nodes that run, and those of subgraphs.
func carriedModels(workflow *ojson.Object) (list []*carriedModel) {
	add := func(models []any) {
		for _, v := range models {
			o, ok := v.(*ojson.Object)
			if !ok || o.String("name") == "" {
				continue
			}
			c := &carriedModel{name: o.String("name"), folder: o.String("directory"), url: o.String("url"), hash: o.String("hash"), hashType: o.String("hash_type")}
			if !slices.ContainsFunc(list, func(other *carriedModel) bool { return other.name == c.name && other.folder == c.folder }) {
				list = append(list, c)
			}
		}
	}
	var read func(o *ojson.Object)
	read = func(o *ojson.Object) {
		add(o.Array("models"))
		for _, v := range o.Array("nodes") {
			n, _ := v.(*ojson.Object)
			mode, _ := n.Get("mode")
			if m, _ := whole(mode); m != modeMuted && m != modeBypassed {
				add(n.Object("properties").Array("models"))
			}
		}
		for _, v := range o.Object("definitions").Array("subgraphs") {
			if d, ok := v.(*ojson.Object); ok {
				read(d)
			}
		}
		for _, v := range o.Object("extra").Object("groupNodes").All() {
			if d, ok := v.(*ojson.Object); ok {
				read(d)
			}
		}
	}
	if workflow != nil {
		read(workflow)
	}
	return list
}
