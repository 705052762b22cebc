package api

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// safetensors is a file with a header and data.
func safetensors(header, data string) string {
	return string(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))) + header + data
}

func modelServer(t testing.TB) (*Server, string) {
	base := t.TempDir()
	cover := base64.StdEncoding.EncodeToString([]byte("cover"))
	writeFiles(t, base, map[string]string{
		"c/plain.safetensors":       safetensors(`{"__metadata__": {"b": "1", "a": "ü", "nested": "{\"x\": 1}"}, "t": {}}`, ""),
		"c/none.safetensors":        safetensors(`{"t": {}}`, ""),
		"c/list.safetensors":        safetensors(`{"__metadata__": [1]}`, ""),
		"c/broken.safetensors":      safetensors(`{"__metadata__"`, ""),
		"c/cut.safetensors":         safetensors(`{"__metadata__": {}}`, "")[:20],
		"c/short.safetensors":       "abc",
		"c/giant.safetensors":       "\xff\xff\xff\xff\xff\xff\xff\x7f{}",
		"c/long.safetensors":        safetensors(`{"__metadata__": {"a": "`+strings.Repeat("x", 1<<20)+`"}}`, ""),
		"c/old.ckpt":                "pickle",
		"c/old.jpeg":                "jpeg beside",
		"c/old.preview.png":         "preview beside",
		"c/other.ckpt":              "pickle",
		"c/other.preview.PNG":       "preview beside other",
		"c/other.preview.more.png":  "another's",
		"c/other.png/file":          "a folder",
		"c/bad.ckpt":                "pickle",
		"c/bad.png":                 "broken",
		"c/vector.ckpt":             "pickle",
		"c/vector.svg":              "<svg/>",
		"c/sub/cover.safetensors":   safetensors(`{"__metadata__": {"ssmd_cover_images": "[\"`+cover+`\", \"zzz\"]"}}`, ""),
		"c/nocover.safetensors":     safetensors(`{"__metadata__": {"ssmd_cover_images": "[\"%%%\"]"}}`, ""),
		"c/emptycover.safetensors":  safetensors(`{"__metadata__": {"ssmd_cover_images": "[]"}}`, ""),
		"c/actor.safetensors":       safetensors(`{"deltas": {"dtype":"F32","shape":[1],"data_offsets":[0,4]}, "thumbnail": {"dtype":"U8","shape":[4],"data_offsets":[4,8]}}`, "....face"),
		"c/liar.safetensors":        safetensors(`{"thumbnail": {"dtype":"U8","shape":[4],"data_offsets":[4,4000000000]}}`, "....face"),
		"c/negative.safetensors":    safetensors(`{"thumbnail": {"dtype":"U8","shape":[4],"data_offsets":[-8,8]}}`, "....face"),
		"c/beyond.safetensors":      safetensors(`{"thumbnail": {"dtype":"U8","shape":[4],"data_offsets":[4,9]}}`, "....face"),
		"c/floats.safetensors":      safetensors(`{"thumbnail": {"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, "....face"),
		"c/.hidden.safetensors":     "hidden",
		"c/.git/x.safetensors":      "hidden",
		"c/notes.txt":               "no model",
		"out/saved.safetensors":     "saved",
		"out/saved.webp":            "webp beside",
		"secret/secret.png":         "secret",
		"elsewhere/far.safetensors": "far",
		"elsewhere/far.png":         "far picture",
	})
	for link, to := range map[string]string{"c/linked": "../elsewhere", "c/sub/loop": "..", "c/dangling.safetensors": "nowhere"} {
		if err := os.Symlink(filepath.FromSlash(to), filepath.Join(base, filepath.FromSlash(link))); err != nil {
			t.Skip("no links here:", err)
		}
	}
	host := &fakeHost{
		user: t.TempDir(), keys: []string{"checkpoints", "configs", "loras", "custom_nodes"},
		folders: map[string][]string{
			"checkpoints": {filepath.Join(base, "c"), filepath.Join(base, "out")}, "configs": {"/conf"}, "loras": {filepath.Join(base, "none")}, "custom_nodes": {"/custom"},
		},
		lists: map[string][]string{"checkpoints": {"a.ckpt", "sub/ü.ckpt"}, "loras": {}},
	}
	return newServer(t, setup{host: host}), base
}

func TestModels(t *testing.T) {
	s, base := modelServer(t)
	runAll(t, s, map[string]scenario{
		"folders":              {path: "/models", is: `["checkpoints", "configs", "loras", "custom_nodes"]`},
		"models":               {path: "/models/checkpoints", is: `["a.ckpt", "sub/\u00fc.ckpt"]`},
		"none":                 {path: "/api/models/loras", is: `[]`},
		"unknown folder":       {path: "/models/clip", status: 404, empty: true},
		"embeddings":           {path: "/embeddings", is: `["easy", "sub/\u00fcnd"]`},
		"directories":          {path: "/experiment/models", is: fmt.Sprintf(`[{"name": "checkpoints", "folders": ["%s/c", "%[1]s/out"]}, {"name": "loras", "folders": ["%[1]s/none"]}]`, base)},
		"files of none":        {path: "/experiment/models/loras", is: `[]`},
		"files of unknown":     {path: "/experiment/models/nothing", status: 404, empty: true},
		"paths":                {path: "/internal/folder_paths", want: []string{`"configs": ["/conf"], "loras"`}},
		"metadata":             {path: "/view_metadata/checkpoints?filename=plain.safetensors", is: `{"b": "1", "a": "\u00fc", "nested": "{\"x\": 1}"}`},
		"metadata, none":       {path: "/view_metadata/checkpoints?filename=none.safetensors", status: 404, empty: true},
		"metadata, no object":  {path: "/view_metadata/checkpoints?filename=list.safetensors", status: 404},
		"metadata, broken":     {path: "/view_metadata/checkpoints?filename=broken.safetensors", status: 404},
		"metadata, cut":        {path: "/view_metadata/checkpoints?filename=cut.safetensors", status: 404},
		"metadata, short":      {path: "/view_metadata/checkpoints?filename=short.safetensors", status: 404},
		"metadata, giant":      {path: "/view_metadata/checkpoints?filename=giant.safetensors", status: 404},
		"metadata, over 1 MiB": {path: "/view_metadata/checkpoints?filename=long.safetensors", status: 404},
		"metadata of a ckpt":   {path: "/view_metadata/checkpoints?filename=old.ckpt", status: 404},
		"metadata of nothing":  {path: "/view_metadata/checkpoints", status: 404, empty: true},
		"metadata of missing":  {path: "/view_metadata/checkpoints?filename=x.safetensors", status: 404},
		"metadata of unknown":  {path: "/view_metadata/nothing?filename=plain.safetensors", status: 404},
		"metadata, upwards":    {path: "/view_metadata/loras?filename=../c/plain.safetensors", status: 404},
	})
}

func TestModelFiles(t *testing.T) {
	s, _ := modelServer(t)
	w := scenario{path: "/experiment/models/checkpoints", want: []string{`"name": "plain.safetensors", "pathIndex": 0, "modified": `}}.run(t, s.Handler())
	type file struct {
		Name              string
		PathIndex         int
		Modified, Created float64
		Size              int64
	}
	found := map[string]file{}
	now := float64(time.Now().Unix())
	for _, f := range decoded[[]file](t, w.Body) {
		found[f.Name] = f
		if f.Modified < now-3600 || f.Modified > now+60 || f.Created < now-3600 || f.Created > now+60 {
			t.Errorf("%s: times %f and %f", f.Name, f.Modified, f.Created)
		}
	}
	for name, want := range map[string]file{
		"old.ckpt": {Size: 6}, "sub/cover.safetensors": {Size: -1}, "saved.safetensors": {PathIndex: 1, Size: 5}, "linked/far.safetensors": {Size: 3},
	} {
		got, ok := found[name]
		if !ok || got.PathIndex != want.PathIndex || want.Size >= 0 && got.Size != want.Size {
			t.Errorf("%s: got %+v, %v", name, got, ok)
		}
	}
	for _, name := range []string{".hidden.safetensors", ".git/x.safetensors", "notes.txt", "dangling.safetensors", "sub/loop/old.ckpt"} {
		if _, ok := found[name]; ok {
			t.Errorf("%s is listed", name)
		}
	}
}

func TestModelPreview(t *testing.T) {
	s, _ := modelServer(t)
	at := func(name string) string { return "/experiment/models/preview/checkpoints/0/" + name }
	webp := map[string]string{"Content-Type": "image/webp"}
	gone := func(path string) scenario { return scenario{path: path, status: 404, not: []string{"secret"}} }
	runAll(t, s, map[string]scenario{
		"beside":                {path: at("old.ckpt"), is: "webp 80 of jpeg beside", headers: webp},
		"beside, twin":          {path: "/api" + at("old.ckpt"), is: "webp 80 of jpeg beside", headers: webp},
		"preview beside":        {path: at("other.ckpt"), is: "webp 80 of preview beside other"},
		"second directory":      {path: "/experiment/models/preview/checkpoints/1/saved.safetensors", is: "webp 80 of webp beside"},
		"behind a link":         {path: at("linked/far.safetensors"), is: "webp 80 of far picture"},
		"cover inside":          {path: at("sub/cover.safetensors"), is: "webp 80 of cover"},
		"cover, encoded slash":  {path: at("sub%2Fcover.safetensors"), is: "webp 80 of cover"},
		"actor":                 {path: at("actor.safetensors"), is: "webp 80 of face"},
		"of another ending":     {path: at("actor.ckpt"), is: "webp 80 of face"},
		"no picture":            gone(at("plain.safetensors")),
		"cover that is none":    gone(at("nocover.safetensors")),
		"no covers":             gone(at("emptycover.safetensors")),
		"not a picture":         gone(at("bad.ckpt")),
		"a drawing":             gone(at("vector.ckpt")),
		"not there":             gone(at("nothing.ckpt")),
		"in no folder":          gone(at("nothing/nothing.ckpt")),
		"too large a thumbnail": gone(at("liar.safetensors")),
		"negative offset":       gone(at("negative.safetensors")),
		"thumbnail cut off":     gone(at("beyond.safetensors")),
		"thumbnail of floats":   gone(at("floats.safetensors")),
		"giant header":          gone(at("giant.safetensors")),
		"unknown folder":        gone("/experiment/models/preview/nothing/0/old.ckpt"),
		"directory that is not": gone("/experiment/models/preview/checkpoints/2/old.ckpt"),
		"directory before":      gone("/experiment/models/preview/checkpoints/-1/old.ckpt"),
		"directory, no number":  gone("/experiment/models/preview/checkpoints/x/old.ckpt"),
		"upwards":               gone(at("../secret/secret.png")),
		"upwards, encoded":      gone(at("..%2Fsecret%2Fsecret.png")),
		"upwards, backslashes":  gone(at(`..%5Csecret%5Csecret.png`)),
		"absolute":              gone(at("/etc/passwd")),
		"absolute, encoded":     gone(at("%2Fetc%2Fpasswd")),
		"drive":                 gone(at("C:%5Csecret.png")),
		"zero byte":             gone(at("old.ckpt%00.png")),
		"the directory itself":  gone(at(".")),
	})
	if _, err := os.Stat(s.host.(*fakeHost).folders["loras"][0]); err == nil {
		t.Error("asking made a folder")
	}
}

// TestModelPreviewOnlyReads asks for a preview in a folder that is missing.
func TestModelPreviewOnlyReads(t *testing.T) {
	s, _ := modelServer(t)
	scenario{path: "/experiment/models/preview/loras/0/a.safetensors", status: 404}.run(t, s.Handler())
	if _, err := os.Stat(s.host.(*fakeHost).folders["loras"][0]); err == nil {
		t.Error("the folder was made")
	}
}

func FuzzModelHeader(f *testing.F) {
	f.Add([]byte(safetensors(`{"__metadata__": {"ssmd_cover_images": "[\"AAAA\"]"}}`, "")))
	f.Add([]byte(safetensors(`{"thumbnail": {"dtype":"U8","shape":[4],"data_offsets":[0,4]}}`, "face")))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\x7f{}"))
	f.Fuzz(func(t *testing.T, file []byte) {
		r := bytes.NewReader(file)
		header, data := parseModelHeader(r, maxMetadataHeader)
		if header == nil {
			return
		}
		if data > int64(len(file)) {
			t.Errorf("data begins at %d of %d", data, len(file))
		}
		if picture := thumbnail(r, header.Object("thumbnail"), data); len(picture) > len(file) {
			t.Errorf("a picture of %d bytes in a file of %d", len(picture), len(file))
		}
		coverPicture(header.Object("__metadata__").String("ssmd_cover_images"))
	})
}

// FuzzModelPreviewPath asks for any name: nothing outside of the directory may come back.
func FuzzModelPreviewPath(f *testing.F) {
	for _, name := range []string{"old.ckpt", "../secret/secret.png", "%2e%2e/secret/secret.png", "sub/../../secret/secret", `..\secret\secret.png`} {
		f.Add(name)
	}
	s, _ := modelServer(f)
	f.Fuzz(func(t *testing.T, name string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.Path = "/experiment/models/preview/checkpoints/0/" + name
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if strings.Contains(w.Body.String(), "secret") || w.Code >= 500 {
			t.Errorf("%q: %d %s", name, w.Code, w.Body)
		}
	})
}
