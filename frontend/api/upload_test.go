package api

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// part is one field of a form: a file where name is set.
type part struct{ field, name, content string }

// formRequest is a request with a form.
func formRequest(t *testing.T, path string, parts ...part) scenario {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, p := range parts {
		if p.name == "" {
			if err := form.WriteField(p.field, p.content); err != nil {
				t.Fatal(err)
			}
			continue
		}
		w, err := form.CreateFormFile(p.field, p.name)
		if err == nil {
			_, err = w.Write([]byte(p.content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	return scenario{method: "POST", path: path, body: body.String(), header: map[string]string{"Content-Type": form.FormDataContentType()}}
}

func (c scenario) answers(status int, is string) scenario {
	c.status, c.is = status, is
	return c
}

// has compares a file with what it must hold; "" is that it must not be there.
func has(t *testing.T, dir, name, want string) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if want == "" && err == nil || want != "" && (err != nil || string(got) != want) {
		t.Errorf("%s has %q (%v), want %q", name, got, err, want)
	}
}

// TestUpload goes through contract 1.7.
func TestUpload(t *testing.T) {
	s, dir := folders(t, Config{})
	send := func(status int, is string, parts ...part) {
		t.Helper()
		formRequest(t, "/upload/image", parts...).answers(status, is).run(t, s.Handler())
	}
	send(200, `{"name": "new.png", "subfolder": "", "type": "input"}`, part{"image", "new.png", "one"})
	has(t, dir, "input/new.png", "one")
	// The same content again is the same file; another one gets a number of its own, and is found again.
	send(200, `{"name": "new.png", "subfolder": "", "type": "input"}`, part{"image", "new.png", "one"})
	send(200, `{"name": "new (1).png", "subfolder": "", "type": "input"}`, part{"image", "new.png", "two"})
	send(200, `{"name": "new (2).png", "subfolder": "", "type": "input"}`, part{"image", "new.png", "three"})
	send(200, `{"name": "new (1).png", "subfolder": "", "type": "input"}`, part{"image", "new.png", "two"})
	has(t, dir, "input/new.png", "one")
	has(t, dir, "input/new (2).png", "three")
	has(t, dir, "input/new (3).png", "")
	send(200, `{"name": "new.png", "subfolder": "", "type": "input"}`, part{"image", "new.png", "four"}, part{field: "overwrite", content: "true"})
	has(t, dir, "input/new.png", "four")
	send(200, `{"name": "new.png", "subfolder": "", "type": "input"}`, part{"image", "new.png", "five"}, part{field: "overwrite", content: "1"})
	has(t, dir, "input/new.png", "five")
	send(200, `{"name": "p.png", "subfolder": "deep/er", "type": "temp"}`, part{"image", "p.png", "x"}, part{field: "subfolder", content: "deep/er"}, part{field: "type", content: "temp"})
	has(t, dir, "temp/deep/er/p.png", "x")
	send(200, `{"name": "\u00fc b.png", "subfolder": "", "type": "output"}`, part{"image", "ü b.png", "x"}, part{field: "type", content: "output"})
	has(t, dir, "output/ü b.png", "x")
	for name, c := range map[string]scenario{
		"no file":                 formRequest(t, "/upload/image", part{field: "overwrite", content: "true"}),
		"another field":           formRequest(t, "/upload/image", part{"picture", "a.png", "x"}),
		"no form":                 {method: "POST", path: "/upload/image", body: "{}", header: map[string]string{"Content-Type": "application/json"}},
		"a folder that leads out": formRequest(t, "/upload/image", part{"image", "a.png", "x"}, part{field: "subfolder", content: "../output"}),
	} {
		t.Run(name, func(t *testing.T) {
			c.status = http.StatusBadRequest
			c.run(t, s.Handler())
		})
	}
	for name, c := range map[string]scenario{
		"a text instead of a file": formRequest(t, "/upload/image", part{field: "image", content: "x"}),
		"another type":             formRequest(t, "/upload/image", part{"image", "a.png", "x"}, part{field: "type", content: "models"}),
	} {
		t.Run(name, func(t *testing.T) {
			c.status = http.StatusInternalServerError
			c.run(t, s.Handler())
		})
	}
}

func TestUploadTooLarge(t *testing.T) {
	s, dir := folders(t, Config{MaxUploadBytes: 1000})
	c := formRequest(t, "/upload/image", part{"image", "large.png", string(make([]byte, 2000))})
	c.status, c.want = http.StatusRequestEntityTooLarge, []string{"Maximum request body size 1000 exceeded"}
	c.run(t, s.Handler())
	has(t, dir, "input/large.png", "")
}

// TestUploadMask: the alpha of the upload becomes that of the original. The test's host writes one behind the other.
func TestUploadMask(t *testing.T) {
	s, dir := folders(t, Config{})
	ref := func(text string) part { return part{field: "original_ref", content: text} }
	const saved = `{"name": "masked.png", "subfolder": "clipspace", "type": "input"}`
	mask, folder := part{"image", "masked.png", "+mask"}, part{field: "subfolder", content: "clipspace"}
	formRequest(t, "/upload/mask", mask, folder, ref(`{"filename": "a.png", "type": "input"}`)).answers(200, saved).run(t, s.Handler())
	has(t, dir, "input/clipspace/masked.png", "of input+mask")
	overwrite := part{field: "overwrite", content: "true"}
	formRequest(t, "/upload/mask", mask, folder, overwrite, ref(`{"filename": "a.png"}`)).answers(200, saved).run(t, s.Handler())
	has(t, dir, "input/clipspace/masked.png", "0123456789+mask")
	// As in ComfyUI, a reference to nothing is answered with 200, and nothing is written.
	for _, text := range []string{`{"filename": "../a.png"}`, `{"filename": "/a.png"}`, `{"filename": "z.png"}`, `{"filename": "a.png", "type": "models"}`, `{"filename": "a.png", "subfolder": "../input"}`} {
		other := part{"image", "never.png", "+mask"}
		formRequest(t, "/upload/mask", other, ref(text)).answers(200, `{"name": "never.png", "subfolder": "", "type": "input"}`).run(t, s.Handler())
		has(t, dir, "input/never.png", "")
	}
	c := formRequest(t, "/upload/mask", mask)
	c.status = http.StatusInternalServerError
	c.run(t, s.Handler())
}
