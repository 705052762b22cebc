package api

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/graph/ojson"
)

// longestName is what every file system takes as the name of a file or folder, with room for an ending.
const longestName = 230

// ownName is the name of a file with folders in front, which are %2F where it stands in a path. No name leads out of its folder.
func ownName(name string) (string, error) {
	local, err := area{}.local(strings.TrimSpace(name))
	if err == nil && local == "." {
		err = errors.New("the name is empty")
	}
	if err == nil && slices.ContainsFunc(strings.Split(local, "/"), func(part string) bool { return len(part) > longestName }) {
		err = fmt.Errorf("a file or folder has more than %d bytes in its name", longestName)
	}
	if err != nil {
		return "", ownError(http.StatusBadRequest, "bad_name", "No file may have this name", err.Error()+"; use a name as the list has it")
	}
	return filepath.FromSlash(local), nil
}

// longestFields bounds the body of a request that sets fields.
const longestFields = 1 << 20

// readFields reads a JSON object with some of the fields; example shows one.
func readFields(c *gin.Context, example string, fields ...string) (*ojson.Object, error) {
	refused := func(why string) error {
		return ownError(http.StatusBadRequest, "bad_request", "The body cannot be understood", why+"; send "+example)
	}
	var body bytes.Buffer
	if _, err := body.ReadFrom(http.MaxBytesReader(c.Writer, c.Request.Body, longestFields)); err != nil {
		return nil, err
	}
	o, err := ojson.ParseObject(body.Bytes(), ojson.Limits{})
	if err != nil {
		return nil, refused(err.Error())
	}
	if o.Len() == 0 {
		return nil, refused("there is nothing to do")
	}
	for key := range o.All() {
		if !slices.Contains(fields, key) {
			return nil, refused(fmt.Sprintf("there is no field %q that can be set", key))
		}
	}
	return o, nil
}

// largestSide is the largest picture that is asked for.
const largestSide = 4096

// ownPicture is the form in which a request wants a picture: ?format=png or webp, and ?size= for the longer side at most.
func ownPicture(c *gin.Context) (frontend.PictureFormat, error) {
	as := frontend.PictureFormat{Type: c.DefaultQuery("format", "png"), Quality: 90, Channel: "rgba"}
	if as.Type != "png" && as.Type != "webp" {
		return as, ownError(http.StatusBadRequest, "bad_value", "No such format", fmt.Sprintf("format %q; use png or webp", as.Type))
	}
	if text, ok := c.GetQuery("size"); ok {
		side, err := strconv.Atoi(text)
		if err != nil || side < 1 || side > largestSide {
			return as, ownError(http.StatusBadRequest, "bad_value", "No such size", fmt.Sprintf("size %q; use 1 to %d, the longer side in pixels", text, largestSide))
		}
		as.Side = side
	}
	return as, nil
}

// sendPicture sends a picture of a file, or says that the client has it, which costs nothing then.
func sendPicture(c *gin.Context, as frontend.PictureFormat, modified time.Time, size int64, encode func() ([]byte, error)) error {
	tag := fmt.Sprintf(`"%x-%x-%s%d"`, modified.UnixNano(), size, as.Type, as.Side)
	h := c.Writer.Header()
	known := slices.ContainsFunc(strings.Split(c.GetHeader("If-None-Match"), ","), func(t string) bool {
		return strings.TrimPrefix(strings.TrimSpace(t), "W/") == tag
	})
	var data []byte
	if !known {
		var err error
		if data, err = encode(); err != nil {
			return err
		}
	}
	h.Set("ETag", tag)
	h.Set("Cache-Control", "no-cache") // kept, but asked for again: a file may change under its name
	h.Set("Content-Type", "image/"+as.Type)
	h.Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(c.Writer, c.Request, "", modified, bytes.NewReader(data))
	return nil
}

// milliseconds is a time as our routes tell it.
func milliseconds(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}
