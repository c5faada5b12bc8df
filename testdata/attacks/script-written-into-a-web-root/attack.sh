echo '<?php' > /var/www/html/x.php
