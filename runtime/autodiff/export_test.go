package autodiff

// HasGroup says whether a kind of group has a row.
func HasGroup(kind string) bool {
	_, ok := groups[kind]
	return ok
}
