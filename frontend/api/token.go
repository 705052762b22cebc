package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/graph/ojson"
)

// tokenCookie lets a web front end in that knows nothing of tokens: it is set for who opens the page with ?token=.
const tokenCookie = "oneactor_token"

// openPaths are routes for everybody, besides the files of the front end.
var openPaths = map[string]bool{"/": true, "/api/": true, "/healthz": true, "/readyz": true}

// secret compares a token without telling, by the time it takes, how much of a guess is right.
type secret struct {
	hash   [sha256.Size]byte
	cookie string
}

func newSecret(token string) *secret {
	if token == "" {
		return nil
	}
	cookie := sha256.Sum256([]byte("cookie\x00" + token))
	return &secret{sha256.Sum256([]byte(token)), hex.EncodeToString(cookie[:])}
}

func (k *secret) is(token string) bool {
	hash := sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(hash[:], k.hash[:]) == 1
}

// checkToken lets those in who show the token. Paths without a route are files of the front end, which everybody may have.
func (s *Server) checkToken(c *gin.Context) {
	if s.secret == nil {
		return
	}
	route := c.FullPath()
	if openPaths[route] {
		if (route == "/" || route == "/api/") && s.secret.is(c.Query("token")) {
			s.setCookie(c)
		}
		return
	}
	if route == "" || s.shows(c) {
		return
	}
	c.Header("WWW-Authenticate", `Bearer realm="oneactor"`)
	answerError(c, refuseJSON(http.StatusUnauthorized, ojson.NewObject(
		"error", apiError("unauthorized", "This server needs a token",
			"send the header Authorization: Bearer TOKEN with each request, add ?token=TOKEN to the address of a websocket or a picture, "+
				"or open the page once with ?token=TOKEN; TOKEN is what the server was started with (--token)"),
		"node_errors", ojson.NewObject())))
	c.Abort()
}

// shows reports whether a request shows the token: in its header, in its address where it is a GET, or by the cookie.
func (s *Server) shows(c *gin.Context) bool {
	scheme, token, _ := strings.Cut(c.GetHeader("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") && s.secret.is(strings.TrimSpace(token)) {
		return true
	}
	if m := c.Request.Method; (m == http.MethodGet || m == http.MethodHead) && s.secret.is(c.Query("token")) {
		return true
	}
	cookie, err := c.Request.Cookie(tokenCookie)
	if err != nil || subtle.ConstantTimeCompare([]byte(cookie.Value), []byte(s.secret.cookie)) != 1 {
		return false
	}
	// A browser adds the cookie by itself, so a page of another origin (another port of the host is one) must not profit from it.
	origin := c.GetHeader("Origin")
	if origin == "" {
		return true
	}
	host, from, ok := comparedOrigin(c.Request.Host, origin)
	return ok && host == from
}

func (s *Server) setCookie(c *gin.Context) {
	http.SetCookie(c.Writer, &http.Cookie{
		Name: tokenCookie, Value: s.secret.cookie, Path: "/", HttpOnly: true, Secure: c.Request.TLS != nil, SameSite: http.SameSiteStrictMode,
	})
}
