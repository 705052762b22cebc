package api

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"path"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/graph/ojson"
)

func (s *Server) uploadRoutes(r routes) {
	r.post("/upload/image", s.postUpload)
	r.post("/upload/mask", s.postMask)
}

// hashes compare an upload with a file that has its name.
var hashes = map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}

// CheckHash says what is wrong with the name of a hash; "" is sha256.
func CheckHash(name string) error {
	if _, ok := hashes[name]; !ok && name != "" {
		return fmt.Errorf("hash %q: use md5, sha1, sha256 or sha512", name)
	}
	return nil
}

// upload is a file that a client sends, and where it is to go.
type upload struct {
	area      area
	kind      string
	subfolder string
	name      string
	overwrite bool
	content   []byte
	form      *multipart.Form
}

// memoryOfForm is what of a form is held in memory; the rest goes to temporary files.
const memoryOfForm = 32 << 20

// readUpload reads a form with a picture.
func (s *Server) readUpload(c *gin.Context) (*upload, error) {
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, s.config.MaxUploadBytes)
	err := c.Request.ParseMultipartForm(memoryOfForm)
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return nil, refuse(http.StatusRequestEntityTooLarge,
			fmt.Sprintf("Maximum request body size %d exceeded, actual body size %d", large.Limit, max(c.Request.ContentLength, large.Limit+1)))
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "the upload is no form with a file: "+err.Error())
	}
	form := c.Request.MultipartForm
	value := func(name string) string {
		if v := form.Value[name]; len(v) > 0 {
			return v[0]
		}
		return ""
	}
	u := &upload{form: form, kind: value("type"), subfolder: value("subfolder")}
	u.overwrite = value("overwrite") == "true" || value("overwrite") == "1"
	if u.kind == "" {
		u.kind = "input"
	}
	a, ok := s.dataArea(u.kind)
	if !ok {
		return nil, refuse(http.StatusInternalServerError, troubleText)
	}
	u.area = a
	files := form.File["image"]
	if len(files) == 0 {
		if _, text := form.Value["image"]; text {
			return nil, refuse(http.StatusInternalServerError, troubleText)
		}
		return nil, refuse(http.StatusBadRequest, "")
	}
	f, err := files[0].Open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if u.content, err = io.ReadAll(f); err != nil {
		return nil, err
	}
	u.name = files[0].Filename
	if u.name == "" || u.name == "." || strings.HasPrefix(path.Base(u.name), ".saving-") {
		return nil, refuse(http.StatusBadRequest, "")
	}
	if _, err := u.path(u.name); err != nil {
		return nil, refuse(http.StatusBadRequest, "")
	}
	return u, nil
}

// path is where a name would be in the area.
func (u *upload) path(name string) (string, error) {
	dir, err := u.area.local(u.subfolder)
	if err != nil {
		return "", err
	}
	return u.area.local(path.Join(dir, strings.ReplaceAll(name, `\`, "/")))
}

// maxRaces is how often another upload may be faster with a name.
const maxRaces = 100

// save keeps the upload under its name, or the next free one; a file that is there already with the same content is enough. content makes what
// is written.
func (u *upload) save(newHash func() hash.Hash, content func(name string) ([]byte, error)) error {
	ext := path.Ext(u.name)
	stem := strings.TrimSuffix(u.name, ext)
	races := 0
	for n := 1; ; n++ {
		at, err := u.path(u.name)
		if err != nil {
			return refuse(http.StatusBadRequest, "")
		}
		if !u.overwrite && u.area.exists(at) {
			same, err := u.same(newHash, at)
			if err != nil || same {
				return err
			}
			u.name = fmt.Sprintf("%s (%d)%s", stem, n, ext)
			continue
		}
		data, err := content(u.name)
		if err != nil || data == nil {
			return err
		}
		err = u.area.write(at, u.overwrite, bytes.NewReader(data))
		if errors.Is(err, fs.ErrExist) && !u.overwrite && races < maxRaces {
			races++
			n-- // someone was faster with the name: look at it
			continue
		}
		if errors.Is(err, errOutside) {
			return refuse(http.StatusBadRequest, "")
		}
		return err
	}
}

func (u *upload) same(newHash func() hash.Hash, at string) (bool, error) {
	f, _, err := u.area.open(at)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // a folder has the name
	}
	if errors.Is(err, errOutside) {
		return false, refuse(http.StatusBadRequest, "")
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	there, sent := newHash(), newHash()
	if _, err := io.Copy(there, f); err != nil {
		return false, err
	}
	sent.Write(u.content)
	return bytes.Equal(there.Sum(nil), sent.Sum(nil)), nil
}

// tell lets other processes have the upload, and answers.
func (s *Server) tell(c *gin.Context, u *upload) error {
	if s.config.Files != nil {
		at, err := u.path(u.name)
		if err == nil && u.area.exists(at) { // a mask of nothing wrote nothing
			err = s.config.Files.Uploaded(c.Request.Context(), u.kind, at)
		}
		if err != nil {
			return err
		}
	}
	return sendJSON(c, ojson.NewObject("name", u.name, "subfolder", u.subfolder, "type", u.kind))
}

// postUpload keeps a picture.
func (s *Server) postUpload(c *gin.Context) error {
	u, err := s.readUpload(c)
	if err != nil {
		return err
	}
	defer u.form.RemoveAll()
	if err := u.save(s.newHash(), func(string) ([]byte, error) { return nonNil(u.content), nil }); err != nil {
		return err
	}
	return s.tell(c, u)
}

// nonNil keeps an empty file apart from none.
func nonNil(data []byte) []byte {
	if data == nil {
		return []byte{}
	}
	return data
}

func (s *Server) newHash() func() hash.Hash {
	if h := hashes[s.config.HashName]; h != nil {
		return h
	}
	return sha256.New
}

// postMask keeps a picture with a new alpha: that of the upload on the colours of a file that is here. A reference to no file writes nothing,
// and is answered as if it did.
func (s *Server) postMask(c *gin.Context) error {
	u, err := s.readUpload(c)
	if err != nil {
		return err
	}
	defer u.form.RemoveAll()
	reference, err := ojson.ParseObject([]byte(strings.Join(u.form.Value["original_ref"], "")), ojson.Limits{MaxBytes: 1 << 20})
	if err != nil {
		return refuse(http.StatusInternalServerError, troubleText)
	}
	original := ""
	kind := reference.String("type")
	if kind == "" {
		kind = "output"
	}
	if d, err := s.fileReference(reference.String("filename"), reference.String("subfolder"), kind); err == nil {
		if f, _, err := s.openData(c.Request.Context(), d); err == nil {
			original = f.Name()
			f.Close()
		}
	}
	err = u.save(s.newHash(), func(name string) ([]byte, error) {
		if original == "" {
			return nil, nil
		}
		data, err := s.host.ReplaceAlpha(original, u.content, path.Ext(name))
		if err != nil {
			err = fmt.Errorf("mask: %w", err)
		}
		return data, err
	})
	if err != nil {
		return err
	}
	return s.tell(c, u)
}
