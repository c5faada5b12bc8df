printf '#!/bin/sh\n' > /tmp/kubectl
chmod +x /tmp/kubectl
/tmp/kubectl
