module
require (
	only-a-path
	a v1 too many words
)
replace =>
