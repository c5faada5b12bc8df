useradd -M other
