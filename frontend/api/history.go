package api

func (s *Server) historyRoutes(r routes) {}
