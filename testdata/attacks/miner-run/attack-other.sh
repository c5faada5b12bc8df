minerd
