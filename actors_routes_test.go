package main

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/actor"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// castServer serves a base folder with the two actors that come with the program, a file that is none, and a base set of three pictures.
func castServer(t *testing.T) (url, base string) {
	t.Helper()
	base = t.TempDir()
	place := func(name string, data []byte) {
		path := filepath.Join(base, "models", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"actors/cat.safetensors", "actors/robot.safetensors"} {
		data, err := os.ReadFile(filepath.Join("models", filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		place(name, data)
	}
	place("actors/broken.safetensors", []byte("no tensors"))
	var set bytes.Buffer
	c := actor.Cluster{Images: runtime.Image{Tensor: tensor.New(3, 16, 8, 3)}, Latents: tensor.New(3, 4, 2, 1), H: tensor.New(3, 6, 2, 1), Prompt: "a photo of a cat", Seed: 7, Sigma: 0.5, Target: 1, Model: runtime.Identity{Family: weights.SD1, Fingerprint: "abc"}}
	if err := c.Encode(t.Context(), &set); err != nil {
		t.Fatal(err)
	}
	place("clusters/cats.safetensors", set.Bytes())
	web, _ := serveBase(t, base)
	return web.URL, base
}

// send sends a request and returns what it is answered.
func send(t *testing.T, method, url, body string, header ...string) (status int, text string, h http.Header) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(data), answer.Header
}

// step is a request of a story about actors.
type step struct {
	method, path, body string
	status             int
	want               string // that the answer has
}

func (s step) run(t *testing.T, url string) {
	t.Helper()
	if status, text, _ := send(t, s.method, url+"/oneactor/"+s.path, s.body); status != s.status || !strings.Contains(text, s.want) {
		t.Errorf("%s %s %s: status %d, want %d; the answer lacks %q: %.400s", s.method, s.path, s.body, status, s.status, s.want, text)
	}
}

// TestActorRoutes tells an actor's life, and every way in which it can be asked for wrongly.
func TestActorRoutes(t *testing.T) {
	url, base := castServer(t)
	for _, s := range []step{
		{"GET", "actors", "", 200, `"problems": [{"name": "broken.safetensors"`},
		{"GET", "actors/cat", "", 200, `"word": "cat"`},
		{"GET", "actors/cat.safetensors", "", 200, `"name": "cat.safetensors"`},
		{"GET", "actors/nobody", "", 404, `"not_found"`},
		{"GET", "actors/broken", "", 422, `"damaged"`},
		{"PATCH", "actors/cat", `{"origin": "mine", "licence": "CC0", "prompt": "a cat"}`, 200, `"origin": "mine", "licence": "CC0"`},
		{"PATCH", "actors/cat", `{"name": "pets/tom"}`, 200, `"name": "pets/tom.safetensors"`},
		{"GET", "actors/cat", "", 404, `"not_found"`},
		{"GET", "actors/pets%2Ftom", "", 200, `"licence": "CC0"`},
		{"PATCH", "actors/pets%2Ftom", `{"name": "robot"}`, 409, `"exists"`},
		{"PATCH", "actors/pets%2Ftom", `{"name": "robot", "licence": "changed"}`, 409, `"exists"`},
		{"GET", "actors/pets%2Ftom", "", 200, `"licence": "CC0"`}, // all of a change happens, or nothing
		{"PATCH", "actors/pets%2Ftom", `{"word": "dog"}`, 400, "there is no field"},
		{"PATCH", "actors/pets%2Ftom", `{"name": 5}`, 400, `"bad_value"`},
		{"PATCH", "actors/pets%2Ftom", `{}`, 400, "nothing to do"},
		{"PATCH", "actors/pets%2Ftom", `[`, 400, `"bad_request"`},
		{"PATCH", "actors/pets%2Ftom", `{"name": "../out"}`, 400, `"bad_name"`},
		{"PATCH", "actors/pets%2Ftom", `{"name": "/etc/out"}`, 400, `"bad_name"`},
		{"PATCH", "actors/pets%2Ftom", `{"name": ""}`, 400, `"bad_name"`},
		{"PATCH", "actors/pets%2Ftom", `{"name": "` + strings.Repeat("x", 300) + `"}`, 400, `"bad_name"`},
		{"GET", "actors/..%2F..%2Fsecret", "", 400, `"bad_name"`},
		{"DELETE", "actors/pets%2Ftom", "", 200, `"trash": "`},
		{"DELETE", "actors/pets%2Ftom", "", 404, `"not_found"`},
		{"POST", "actors/pets%2Ftom/restore", "", 200, `"licence": "CC0"`},
		{"POST", "actors/pets%2Ftom/restore", "", 404, `"not_found"`},
		{"DELETE", "actors/pets%2Ftom", "", 200, `"trash"`},
		{"PATCH", "actors/robot", `{"name": "pets/tom"}`, 200, `"word": "robot"`},
		{"POST", "actors/pets%2Ftom/restore", "", 409, `"exists"`},
		{"GET", "actors/pets%2Ftom", "", 200, `"word": "robot"`},
		{"GET", "actors/pets%2Ftom/thumbnail?format=gif", "", 400, "use png or webp"},
		{"GET", "actors/pets%2Ftom/thumbnail?size=0", "", 400, "use 1 to"},
		{"GET", "actors/nobody/thumbnail", "", 404, `"not_found"`},
	} {
		s.run(t, url)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(base), "out.safetensors")); err == nil {
		t.Error("an actor left its folder")
	}
}

func TestActorThumbnailAndFile(t *testing.T) {
	url, base := castServer(t)
	for _, format := range []string{"png", "webp"} {
		at := url + "/oneactor/actors/cat/thumbnail?size=32&format=" + format
		status, picture, h := send(t, "GET", at, "")
		if status != 200 || h.Get("Content-Type") != "image/"+format || len(picture) < 50 || h.Get("ETag") == "" {
			t.Errorf("%s: status %d, %v, %d bytes", format, status, h, len(picture))
		}
		if status, again, _ := send(t, "GET", at, "", "If-None-Match", h.Get("ETag")); status != 304 || again != "" {
			t.Errorf("%s again: status %d, %d bytes", format, status, len(again))
		}
	}
	file, err := os.ReadFile(filepath.Join(base, "models", "actors", "cat.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	status, got, h := send(t, "GET", url+"/oneactor/actors/cat/file", "")
	if status != 200 || got != string(file) || !strings.Contains(h.Get("Content-Disposition"), "cat.safetensors") {
		t.Errorf("status %d, %d bytes of %d, %v", status, len(got), len(file), h)
	}
}

func TestActorImport(t *testing.T) {
	url, base := castServer(t)
	file, err := os.ReadFile(filepath.Join(base, "models", "actors", "cat.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	put := func(content []byte, fields ...string) (int, string) {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		w, err := form.CreateFormFile("file", "cat.safetensors")
		if err == nil {
			_, err = w.Write(content)
		}
		for i := 0; i+1 < len(fields); i += 2 {
			if err == nil {
				err = form.WriteField(fields[i], fields[i+1])
			}
		}
		if err != nil || form.Close() != nil {
			t.Fatal(err)
		}
		status, text, _ := send(t, "POST", url+"/oneactor/actors", body.String(), "Content-Type", form.FormDataContentType())
		return status, text
	}
	for _, tt := range []struct {
		content []byte
		fields  []string
		status  int
		want    string
	}{
		{file, nil, 201, `"name": "cat-2.safetensors"`}, // nothing is replaced
		{file, []string{"name", "guests/tom", "origin", "a friend"}, 201, `"origin": "a friend"`},
		{[]byte("nothing"), nil, 422, `"damaged"`},
		{file[:100], nil, 422, `"damaged"`},
		{file, []string{"name", "../tom"}, 400, `"bad_name"`},
		{file, []string{"colour", "red"}, 400, "there is no field"},
	} {
		if status, text := put(tt.content, tt.fields...); status != tt.status || !strings.Contains(text, tt.want) {
			t.Errorf("%v: status %d, want %d; the answer lacks %q: %s", tt.fields, status, tt.status, tt.want, text)
		}
	}
	if status, text, _ := send(t, "POST", url+"/oneactor/actors", "{}", "Content-Type", "application/json"); status != 400 {
		t.Errorf("no form: status %d, %s", status, text)
	}
}

// TestActorRenamedTwice: of two who give an actor a name, one does.
func TestActorRenamedTwice(t *testing.T) {
	url, _ := castServer(t)
	var wait sync.WaitGroup
	statuses := make([]int, 2)
	for i, name := range []string{"one", "two"} {
		wait.Go(func() { statuses[i], _, _ = send(t, "PATCH", url+"/oneactor/actors/cat", `{"name": "`+name+`"}`) })
	}
	wait.Wait()
	if statuses[0]+statuses[1] != 200+404 {
		t.Errorf("statuses %v, want one 200 and one 404", statuses)
	}
}

func TestClusterRoutes(t *testing.T) {
	url, _ := castServer(t)
	for _, s := range []step{
		{"GET", "clusters", "", 200, `"name": "cats.safetensors"`},
		{"GET", "clusters/cats", "", 200, `"pictures": 3, "target": 1`},
		{"GET", "clusters/dogs", "", 404, `"not_found"`},
		{"PATCH", "clusters/cats", `{"target": 2}`, 200, `"target": 2`},
		{"GET", "clusters/cats", "", 200, `"target": 2`},
		{"PATCH", "clusters/cats", `{"target": 3}`, 400, "choose 0 to 2"},
		{"PATCH", "clusters/cats", `{"target": -1}`, 400, "choose 0 to 2"},
		{"PATCH", "clusters/cats", `{"target": 1.5}`, 400, "no whole number"},
		{"PATCH", "clusters/cats", `{"name": "x"}`, 400, "there is no field"},
		{"GET", "clusters/cats/pictures/3", "", 404, "choose 0 to 2"},
		{"GET", "clusters/cats/pictures/x", "", 404, `"not_found"`},
		{"GET", "clusters/..%2Fcats", "", 400, `"bad_name"`},
	} {
		s.run(t, url)
	}
	if status, picture, h := send(t, "GET", url+"/oneactor/clusters/cats/pictures/1", ""); status != 200 || h.Get("Content-Type") != "image/png" || !strings.HasPrefix(picture, "\x89PNG") {
		t.Errorf("a picture: status %d, %v", status, h)
	}
}
